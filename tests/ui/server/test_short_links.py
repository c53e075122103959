"""The codes of short links: what they stand for, how long, and who may have how many."""

import string
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as some

from model.errors import CodedValueError
from ui.server import short_links
from ui.server.short_links import (
    ALPHABET,
    LETTERS,
    LONGEST,
    MOST,
    MOST_A_MINUTE,
    NoMoreCodes,
    ShortLinks,
    read_code,
)

FOUR = "explore?heads=4"
CODES = ("bbbbbb", "bbbbbb", "cccccc", "dddddd", "ffffff")


class Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def small(most: int = 3, of_a_session: int = 100, a_minute: int = 100) -> tuple[ShortLinks, Clock]:
    clock = Clock()
    return ShortLinks(most, of_a_session, a_minute, clock), clock


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the codes that are drawn be these, in order."""
    codes = iter(CODES)
    monkeypatch.setattr(short_links, "draw_code", lambda: next(codes))


def test_a_code_is_six_letters_that_nobody_takes_for_others() -> None:
    store, _clock = small(200)
    codes = [store.code_of(f"explore?seed={number}") for number in range(100)]
    assert len(set(codes)) == 100
    assert {len(code) for code in codes} == {6}
    assert set("".join(codes)) <= set(ALPHABET) < set(string.ascii_lowercase)
    assert not set("iloaeu") & set(ALPHABET)
    assert len(ALPHABET) ** LETTERS == 64_000_000


@pytest.mark.usefixtures("drawn")
def test_a_code_that_is_taken_is_drawn_again() -> None:
    store, _clock = small()
    assert [store.code_of(f"explore?heads={n}") for n in (1, 2)] == ["bbbbbb", "cccccc"]
    assert store.link_of("bbbbbb") == "explore?heads=1"


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("typed", ["bbbbbb", "BBBBBB", " bBbBbB\t", "\u3000BBBBBB\n"])
def test_a_code_is_read_as_people_type_it(typed: str) -> None:
    store, _clock = small()
    store.code_of(FOUR)
    assert store.link_of(typed) == FOUR


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            " ",
            "b",
            "b" * 7,
            "b" * 100_000,
            "bbb bbb",
            "bbbbb1",
            "bbbbb\x00",
            "bbbbb\r\n",
            "<b>bbb",
        ),
        *("\u212abbbbb", "ｂｂｂｂｂｂ", "бббббб", "bbbbb́", "%62bbbb"),
    ],
)
def test_what_is_no_code_stands_for_nothing(typed: str) -> None:
    assert read_code(typed) == ""
    store, _clock = small()
    assert store.link_of(typed) is None


def test_the_same_link_has_the_same_code_and_another_one_another() -> None:
    store, _clock = small()
    first = store.code_of(FOUR, "one")
    assert store.code_of(FOUR, "other") == first
    assert store.code_of("explore?heads=8", "one") != first
    assert len(store) == 2


def test_the_oldest_goes_first_and_what_is_asked_for_again_is_young() -> None:
    store, _clock = small(3)
    codes = [store.code_of(f"explore?heads={n}") for n in (1, 2, 3)]
    store.code_of("explore?heads=1")
    store.code_of("explore?heads=4")
    assert [store.link_of(code) for code in codes] == ["explore?heads=1", None, "explore?heads=3"]
    assert store.code_of("explore?heads=2") != codes[1]
    assert store.link_of(codes[2]) is None
    assert len(store) == 3


def test_a_session_has_so_many_and_another_one_has_its_own() -> None:
    store, _clock = small(10, of_a_session=2)
    codes = [store.code_of(f"explore?heads={n}", "greedy") for n in (1, 2)]
    with pytest.raises(NoMoreCodes, match="this window has made 2 short links"):
        store.code_of("explore?heads=3", "greedy")
    assert store.code_of("explore?heads=2", "greedy") == codes[1]  # which it has
    assert store.code_of("explore?heads=3", "other")
    assert store.code_of("explore?heads=3", "greedy")
    assert len(store) == 3


def test_what_is_forgotten_counts_for_nobody() -> None:
    store, _clock = small(2, of_a_session=2)
    for number in (1, 2):
        store.code_of(f"explore?heads={number}", "first")
    store.code_of("explore?heads=3", "second")
    assert store.code_of("explore?heads=4", "first")
    assert dict(store._of_session) == {"first": 1, "second": 1}


def test_so_many_are_made_within_a_minute_whoever_asks() -> None:
    store, clock = small(10, a_minute=2)
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
    with pytest.raises(NoMoreCodes):
        store.code_of("explore?heads=4", "d")


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
def test_a_link_leads_to_a_page_of_the_app_and_nowhere_else(link: str) -> None:
    store, _clock = small()
    with pytest.raises(CodedValueError, match="no link to a page of the app"):
        store.code_of(link)
    assert len(store) == 0


def test_a_link_has_a_length_that_proxies_take() -> None:
    store, _clock = small()
    start = "explore?text="
    assert store.code_of(start + "a" * (LONGEST - len(start)))
    with pytest.raises(CodedValueError, match="has 3001 characters"):
        store.code_of(start + "a" * (LONGEST - len(start) + 1))
    assert LONGEST < 4096 - 500  # with the other headers


@given(some.text(max_size=100))
def test_whatever_somebody_types_comes_back_as_it_was(text: str) -> None:
    text = text.encode(errors="replace").decode()  # half a pair has no place in a link
    store, _clock = small()
    code = store.code_of("explore?" + urlencode({"text": text}))
    link = store.link_of(code)
    assert link is not None
    assert parse_qsl(link.partition("?")[2], keep_blank_values=True) == [("text", text)]


@given(some.lists(some.integers(0, 6), max_size=40))
def test_as_many_are_known_as_may_be_and_those_asked_for_last(asked: list[int]) -> None:
    store, _clock = small(3)
    codes = {number: store.code_of(f"explore?heads={number}") for number in asked}
    last = list(dict.fromkeys(reversed(asked)))[:3]
    known = {number for number, code in codes.items() if store.link_of(code) is not None}
    assert known == set(last)
    assert len(store) == len(store._links) == len(last) == store._of_session.total()


def test_threads_that_ask_at_once_have_the_same_code() -> None:
    store, _clock = small(50, of_a_session=1000, a_minute=1000)
    start = Barrier(8)

    def ask(session: str) -> list[str]:
        start.wait()
        return [store.code_of(f"explore?seed={number}", session) for number in range(50)]

    with ThreadPoolExecutor(8) as threads:
        first, *others = threads.map(ask, "abcdefgh")
    assert all(codes == first for codes in others)
    assert [store.link_of(code) for code in first] == [f"explore?seed={n}" for n in range(50)]
    assert store._of_session.total() == 50
