"""The codes of short links: what they stand for, how long, and who may have how many."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as some

from model.errors import CodedValueError
from rooms import short_links
from rooms.errors import NoMoreCodes
from rooms.hashes import hash_of
from rooms.links import LONGEST
from rooms.memory import MemoryStore
from rooms.short_links import ALL, MOST, MOST_A_MINUTE, ShortLinks
from rooms.store import Store
from tests.rooms.conftest import Clock, Shared

FOUR = "explore?heads=4"
CODES = ("bbbbbb", "bbbbbb", "cccccc", "dddddd", "ffffff")

Small = Callable[..., ShortLinks]


@pytest.fixture
def small(store: Store) -> Small:
    """Make a small register."""

    def make(most: int = 3, of_a_session: int = 100, a_minute: int = 100) -> ShortLinks:
        return ShortLinks(store, most, of_a_session, a_minute)

    return make


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the codes that are drawn be these, in order."""
    codes = iter(CODES)
    monkeypatch.setattr(short_links, "draw_code", lambda letters: next(codes))


def known(links: ShortLinks) -> int:
    """How many codes are known."""
    return len(links._store.fields(ALL))


@pytest.mark.usefixtures("drawn")
def test_a_code_that_is_taken_is_drawn_again(small: Small) -> None:
    store = small()
    assert [store.code_of(f"explore?heads={n}") for n in (1, 2)] == ["bbbbbb", "cccccc"]
    assert store.link_of("bbbbbb") == "explore?heads=1"


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("typed", ["bbbbbb", "BBBBBB", " bBbBbB\t", "\u3000BBBBBB\n"])
def test_a_code_is_read_as_people_type_it(small: Small, typed: str) -> None:
    store = small()
    store.code_of(FOUR)
    assert store.link_of(typed) == FOUR


@pytest.mark.parametrize("typed", ["", "b", "b" * 7, "bbbbb1", "bbbbb\x00", "бббббб"])
def test_what_is_no_code_stands_for_nothing(small: Small, typed: str) -> None:
    assert small().link_of(typed) is None


def test_the_same_link_has_the_same_code_and_another_one_another(small: Small) -> None:
    store = small()
    first = store.code_of(FOUR, "one")
    assert store.code_of(FOUR, "other") == first
    assert store.code_of("explore?heads=8", "one") != first
    assert known(store) == 2


def test_the_oldest_goes_first_and_what_is_asked_for_again_is_young(small: Small) -> None:
    store = small(3)
    codes = [store.code_of(f"explore?heads={n}") for n in (1, 2, 3)]
    store.code_of("explore?heads=1")
    store.code_of("explore?heads=4")
    assert [store.link_of(code) for code in codes] == ["explore?heads=1", None, "explore?heads=3"]
    assert store.code_of("explore?heads=2") != codes[1]
    assert store.link_of(codes[2]) is None
    assert known(store) == 3


def test_a_session_has_so_many_and_another_one_has_its_own(small: Small) -> None:
    store = small(10, of_a_session=2)
    codes = [store.code_of(f"explore?heads={n}", "greedy") for n in (1, 2)]
    with pytest.raises(NoMoreCodes, match="this window has made 2 short links"):
        store.code_of("explore?heads=3", "greedy")
    assert store.code_of("explore?heads=2", "greedy") == codes[1]  # which it has
    assert store.code_of("explore?heads=3", "other")
    assert store.code_of("explore?heads=3", "greedy")
    assert known(store) == 3


def test_what_is_forgotten_counts_for_nobody(small: Small) -> None:
    store = small(2, of_a_session=2)
    for number in (1, 2):
        store.code_of(f"explore?heads={number}", "first")
    store.code_of("explore?heads=3", "second")
    assert store.code_of("explore?heads=4", "first")
    assert store.code_of("explore?heads=5", "first")


def test_so_many_are_made_within_a_minute_whoever_asks() -> None:
    clock = Clock()
    store = ShortLinks(MemoryStore(clock=clock), 10, a_minute=2)
    store.code_of("explore?heads=1", "a")
    clock.now = 30
    store.code_of("explore?heads=2", "b")
    for at in (30, 59.9):
        clock.now = at
        with pytest.raises(NoMoreCodes, match="2 short links within a minute"):
            store.code_of("explore?heads=3", "c")
        assert store.code_of("explore?heads=1", "c")
    clock.now = 60
    assert store.code_of("explore?heads=3", "c")


def test_what_is_refused_counts_for_nobody(small: Small) -> None:
    store = small(10, of_a_session=2, a_minute=1)
    store.code_of("explore?heads=1", "a")
    for number in range(2, 6):
        with pytest.raises(NoMoreCodes, match="within a minute"):
            store.code_of(f"explore?heads={number}", "a")
    assert known(store) == 1
    assert store.code_of("explore?heads=1", "a")


def test_a_code_made_on_one_server_is_known_on_another_and_counts_there(shared: Shared) -> None:
    here, there = (ShortLinks(each, of_a_session=1) for each in (shared.store, shared.door()))
    code = here.code_of(FOUR, "s")
    assert there.link_of(code.upper()) == FOUR
    assert there.code_of(FOUR, "other") == code
    with pytest.raises(NoMoreCodes, match="this window has made 1 short links"):
        there.code_of("explore?heads=8", "s")


def test_a_code_that_nobody_asks_for_is_forgotten_after_a_term() -> None:
    clock = Clock()
    store = ShortLinks(MemoryStore(clock=clock), of_a_session=2)
    left, kept = store.code_of(FOUR, "s"), store.code_of("lab", "s")
    clock.now = 60 * 24 * 3600.0
    assert store.code_of("lab", "other") == kept
    clock.now = 91 * 24 * 3600.0
    assert [store.link_of(code) for code in (left, kept)] == [None, "lab"]
    assert known(store) == 1
    assert store.code_of(FOUR, "s") != left


def test_nobody_pushes_out_all_codes_within_an_hour() -> None:
    assert MOST / MOST_A_MINUTE >= 60


@pytest.mark.parametrize(
    "link",
    [
        *("", "?heads=4", "/explore", "//evil.example", "///evil.example", "https://evil.example"),
        *("https:evil", "javascript:alert(1)", "\\\\evil.example", "/\\evil.example", "explore\\x"),
        *("explore?a=1\r\nSet-Cookie: a=b", "explore?a=\n", "explore\x00", "explore?a=\x7f"),
        *(
            "explore#x",
            "explore?a=1#x",
            "explore/../x",
            "..",
            "explore?text=猫",
            "explore?text=a b",
        ),
        *("explore?text=<b>", "explore?a?b", "Explore", "e" * 42, "explore?heads=4\n"),
    ],
)
def test_a_link_leads_to_a_page_of_the_app_and_nowhere_else(small: Small, link: str) -> None:
    store = small()
    with pytest.raises(CodedValueError, match="no link to a page of the app"):
        store.code_of(link)
    assert known(store) == 0


def test_a_link_has_a_length_that_proxies_take(small: Small) -> None:
    store = small()
    start = "explore?text="
    assert store.code_of(start + "a" * (LONGEST - len(start)))
    with pytest.raises(CodedValueError, match="has 3001 characters"):
        store.code_of(start + "a" * (LONGEST - len(start) + 1))
    assert LONGEST < 4096 - 500  # with the other headers


@given(some.text(max_size=100))
def test_whatever_somebody_types_comes_back_as_it_was(text: str) -> None:
    text = text.encode(errors="replace").decode()  # half a pair has no place in a link
    store = ShortLinks(MemoryStore())
    code = store.code_of("explore?" + urlencode({"text": text}))
    link = store.link_of(code)
    assert link is not None
    assert parse_qsl(link.partition("?")[2], keep_blank_values=True) == [("text", text)]


@given(some.lists(some.integers(0, 6), max_size=40))
def test_as_many_are_known_as_may_be_and_those_asked_for_last(asked: list[int]) -> None:
    store = ShortLinks(MemoryStore(), 3)
    codes = {number: store.code_of(f"explore?heads={number}") for number in asked}
    last = list(dict.fromkeys(reversed(asked)))[:3]
    found = {number for number, code in codes.items() if store.link_of(code) is not None}
    assert found == set(last)
    assert known(store) == len(last) == len(store._store.fields(f"links of:{hash_of('')}"))


def test_threads_that_ask_at_once_have_the_same_code(small: Small) -> None:
    store = small(50, of_a_session=1000, a_minute=10_000)
    start = Barrier(8)

    def ask(session: str) -> list[str]:
        start.wait()
        return [store.code_of(f"explore?seed={number}", session) for number in range(50)]

    with ThreadPoolExecutor(8) as threads:
        first, *others = threads.map(ask, "abcdefgh")
    assert all(codes == first for codes in others)
    assert [store.link_of(code) for code in first] == [f"explore?seed={n}" for n in range(50)]
    owned = [store._store.fields(f"links of:{hash_of(session)}") for session in "abcdefgh"]
    assert sorted(code for codes in owned for code in codes) == sorted(first)
    assert known(store) == 50
