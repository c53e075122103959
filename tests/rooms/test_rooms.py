"""Rooms: who leads, what follows, how votes are counted, and where it all ends."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from queue import Queue
from threading import Barrier

import pytest

from model.errors import CodedValueError
from rooms.errors import (
    NotItsLeader,
    RoomEnded,
    RoomFull,
    TooFast,
    TooManyRooms,
    TooManyWrongCodes,
    VoteRefused,
    WrongWord,
)
from rooms.hashes import hash_of
from rooms.limits import LIMITS, Limits
from rooms.memory import MemoryStore
from rooms.record import Leadership, Room
from rooms.rooms import REPORT_LIFE, Rooms
from rooms.store import Store
from tests.rooms.conftest import Clock, Shared

FOUR, EIGHT = "explore?heads=4", "explore?heads=8"
SOON = 0.3  # seconds, which a test can wait
CALM = replace(LIMITS, leads_a_second=10_000, votes_a_second=10_000)


@pytest.fixture
def rooms(store: Store) -> Rooms:
    return Rooms(store, CALM)


def limited(store: Store, **changes: float) -> Rooms:
    return Rooms(store, replace(CALM, **changes))  # type: ignore[arg-type]


def ask(rooms: Rooms, question: str = "q") -> Leadership:
    """A room in which something is asked."""
    led = rooms.open(FOUR, "s")
    rooms.lead(*one(led), FOUR, question)
    return led


def one(led: Leadership) -> tuple[str, str]:
    return led.code, led.secret


def test_a_room_shows_what_its_leader_shows(rooms: Rooms) -> None:
    led = rooms.open(FOUR, "s")
    assert rooms.look(led.code) == Room(led.code, 1, FOUR, "", False)
    shown = rooms.lead(*one(led), EIGHT, "q", True)
    assert shown == Room(led.code, 2, EIGHT, "q", True)
    assert rooms.look(f" {led.code.upper()}\n") == shown
    assert rooms.look("none") is None
    assert rooms.look("no code") is None


def test_the_same_again_makes_no_new_version_and_tells_nobody(rooms: Rooms) -> None:
    led = rooms.open(FOUR, "s")
    first = rooms.lead(*one(led), EIGHT)
    told: Queue[str | None] = Queue()
    stop = rooms.store.listen(told.put)
    assert rooms.lead(*one(led), EIGHT) == first
    stop()
    assert [told.get_nowait() for _each in range(told.qsize())] in ([], [None])


def test_only_its_leader_leads_and_closes(rooms: Rooms) -> None:
    led, other = rooms.open(FOUR, "s"), rooms.open(FOUR, "s")
    for secret in ("", "x", other.secret, hash_of(led.secret)):
        assert not rooms.is_led_by(led.code, secret)
        for act in (
            lambda secret=secret: rooms.lead(led.code, secret, EIGHT),
            lambda secret=secret: rooms.close(led.code, secret),
            lambda secret=secret: rooms.offer(led.code, secret),
        ):
            with pytest.raises(NotItsLeader, match="somebody else leads this room"):
                act()
    assert rooms.is_led_by(*one(led))
    assert rooms.look(led.code) == Room(led.code, 1, FOUR, "", False)


def test_the_store_has_only_a_hash_of_the_secret_and_of_names(rooms: Rooms) -> None:
    led = ask(rooms)
    rooms.vote(led.code, "a voter", "q", "yes")
    text = rooms.store.get(f"room:{led.code}") or ""
    assert led.secret not in text
    assert hash_of(led.secret) in text
    assert "a voter" not in str(rooms.store.fields(f"votes:{_number(rooms, led)}:{hash_of('q')}"))


def _number(rooms: Rooms, led: Leadership) -> str:
    record = rooms._register.find(led.code)
    assert record is not None
    return record.number


def test_a_closed_room_has_ended_for_all(rooms: Rooms) -> None:
    led = ask(rooms)
    rooms.vote(led.code, "v", "q", "yes")
    rooms.close(*one(led))
    rooms.close(*one(led))
    assert rooms.look(led.code) is None
    assert not rooms.is_led_by(*one(led))
    assert rooms.votes(led.code, "q") == Counter()
    for act in (
        lambda: rooms.lead(*one(led), EIGHT),
        lambda: rooms.vote(led.code, "v", "q", "yes"),
        lambda: rooms.offer(*one(led)),
        lambda: rooms.take_over(led.code, "bbbbbb"),
    ):
        with pytest.raises(RoomEnded, match="this room has ended"):
            act()


def test_a_room_ends_some_time_after_it_was_last_led_or_voted_in(shared: Shared) -> None:
    rooms = limited(shared.store, life=SOON)
    led, voted, looked = ask(rooms), ask(rooms), ask(rooms)
    for _each in range(3):
        shared.let_pass(SOON * 0.6)
        rooms.lead(*one(led), FOUR, "q")  # the same again
        rooms.vote(voted.code, "v", "q", "yes")
        rooms.look(looked.code)
    assert rooms.look(led.code) is not None
    assert rooms.look(voted.code) is not None
    assert rooms.look(looked.code) is None
    shared.let_pass(SOON * 1.2)
    assert [rooms.look(each.code) for each in (led, voted)] == [None, None]


@pytest.mark.parametrize("link", ["", "//evil.example", "explore?a=\n", "e" * 3001])
def test_a_room_shows_pages_of_the_app_alone(rooms: Rooms, link: str) -> None:
    led = rooms.open(FOUR, "s")
    with pytest.raises(CodedValueError):
        rooms.open(link, "s")
    with pytest.raises(CodedValueError):
        rooms.lead(*one(led), link)
    assert rooms.look(led.code) == Room(led.code, 1, FOUR, "", False)


def test_a_session_has_so_many_rooms_and_a_closed_one_counts_no_more(store: Store) -> None:
    rooms = limited(store, of_a_session=2)
    first, _second = rooms.open(FOUR, "s"), rooms.open(FOUR, "s")
    with pytest.raises(TooManyRooms, match="this window has opened 2 rooms"):
        rooms.open(FOUR, "s")
    assert rooms.open(FOUR, "other")
    rooms.close(*one(first))
    assert rooms.open(FOUR, "s")


def test_so_many_rooms_are_open_and_those_that_ended_count_no_more(shared: Shared) -> None:
    rooms = limited(shared.store, rooms=2, life=SOON)
    first, _second = rooms.open(FOUR, "a"), rooms.open(FOUR, "b")
    with pytest.raises(TooManyRooms, match="2 rooms are open"):
        rooms.open(FOUR, "c")
    rooms.close(*one(first))
    assert rooms.open(FOUR, "c")
    shared.let_pass(SOON * 1.2)
    assert rooms.open(FOUR, "d")
    assert rooms.open(FOUR, "c")


def test_so_many_rooms_are_opened_within_a_minute(store: Store) -> None:
    rooms = limited(store, opened_a_minute=2)
    for session in "ab":
        rooms.open(FOUR, session)
    with pytest.raises(TooManyRooms, match="2 rooms were opened within a minute"):
        rooms.open(FOUR, "c")


def test_what_is_refused_leaves_nothing(store: Store) -> None:
    rooms = limited(store, rooms=1)
    led = rooms.open(FOUR, "a")
    for _each in range(5):  # more than a session may have
        with pytest.raises(TooManyRooms, match="1 rooms are open"):
            rooms.open(FOUR, "b")
    rooms.close(*one(led))
    assert rooms.open(FOUR, "b")


def test_a_room_changes_so_often_within_a_second(shared: Shared) -> None:
    rooms = limited(shared.store, leads_a_second=2)
    led = rooms.open(FOUR, "s")
    for heads in (1, 2):
        rooms.lead(*one(led), f"explore?heads={heads}")
    with pytest.raises(TooFast):
        rooms.lead(*one(led), EIGHT)
    rooms.lead(*one(led), "explore?heads=2")  # the same
    shared.let_pass(1.1)
    assert rooms.lead(*one(led), EIGHT).version == 4


def test_however_many_windows_lead_at_once_no_version_is_lost(shared: Shared) -> None:
    led = Rooms(shared.store, CALM).open(FOUR, "s")
    start = Barrier(6)

    def lead(window: int) -> list[int]:
        rooms = Rooms(shared.door(), CALM)
        start.wait()
        return [rooms.lead(*one(led), f"explore?seed={window}{n:02}").version for n in range(20)]

    with ThreadPoolExecutor(6) as pool:
        versions = list(pool.map(lead, range(6)))
    assert all(a < b for own in versions for a, b in pairwise(own))
    assert sorted(each for own in versions for each in own) == list(range(2, 122))
    last = Rooms(shared.store).look(led.code)
    assert last is not None
    assert last.version == 121


def test_votes_are_counted_and_a_second_one_takes_the_place_of_the_first(rooms: Rooms) -> None:
    led = ask(rooms)
    for voter, answer in [("a", "yes"), ("b", "no"), ("c", "yes"), ("b", "yes"), ("a", "猫")]:
        rooms.vote(led.code.upper(), voter, "q", answer)
    assert rooms.votes(led.code, "q") == {"yes": 2, "猫": 1}
    assert rooms.answered(led.code, "q") == 3
    rooms.lead(*one(led), FOUR, "q", True)
    assert rooms.votes(led.code, "q") == {"yes": 2, "猫": 1}
    rooms.lead(*one(led), FOUR, "another")
    assert rooms.answered(led.code, "another") == 0
    assert rooms.answered(led.code, "q") == 3


def test_only_what_is_asked_now_can_be_voted_on(rooms: Rooms) -> None:
    led = ask(rooms)
    with pytest.raises(VoteRefused, match="isn't asked any more"):
        rooms.vote(led.code, "v", "another", "yes")
    rooms.lead(*one(led), FOUR, "q", True)
    with pytest.raises(VoteRefused, match="has been shown already"):
        rooms.vote(led.code, "v", "q", "yes")
    rooms.lead(*one(led), FOUR)
    with pytest.raises(VoteRefused, match="isn't asked any more"):
        rooms.vote(led.code, "v", "", "yes")
    assert rooms.votes(led.code, "q") == Counter()


def test_an_answer_and_a_questions_name_have_a_length(rooms: Rooms) -> None:
    led = ask(rooms)
    rooms.vote(led.code, "v", "q", "x" * 400)
    with pytest.raises(CodedValueError, match="the text has 401 characters, and may have 400"):
        rooms.vote(led.code, "v", "q", "x" * 401)
    with pytest.raises(CodedValueError, match="the text has 201 characters, and may have 200"):
        rooms.lead(*one(led), FOUR, "q" * 201)


def test_so_many_vote_on_a_question_and_on_so_many_questions(store: Store) -> None:
    rooms = limited(store, people=2, questions=2)
    led = ask(rooms)
    for voter in "ab":
        rooms.vote(led.code, voter, "q", "yes")
    with pytest.raises(RoomFull, match="2 people are in this room"):
        rooms.vote(led.code, "c", "q", "yes")
    rooms.vote(led.code, "a", "q", "no")
    rooms.lead(*one(led), FOUR, "r")
    rooms.vote(led.code, "c", "r", "yes")
    rooms.lead(*one(led), FOUR, "s")
    with pytest.raises(VoteRefused, match="has voted on 2 questions"):
        rooms.vote(led.code, "c", "s", "yes")


def test_a_voter_votes_so_often_within_a_second(store: Store) -> None:
    rooms = limited(store, votes_a_second=1)
    led = ask(rooms)
    rooms.vote(led.code, "a", "q", "yes")
    with pytest.raises(TooFast):
        rooms.vote(led.code, "a", "q", "no")
    rooms.vote(led.code, "b", "q", "yes")
    assert rooms.votes(led.code, "q") == {"yes": 2}


def test_no_vote_of_three_hundred_is_lost(shared: Shared) -> None:
    led = ask(Rooms(shared.store, CALM))
    start = Barrier(6)

    def vote(window: int) -> None:
        rooms = Rooms(shared.door(), CALM)
        start.wait()
        for number in range(50):
            rooms.vote(led.code, f"{window}.{number}", "q", "abc"[number % 3])
            rooms.vote(led.code, f"{window}.{number}", "q", "bcd"[number % 3])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(vote, range(6)))
    votes = Rooms(shared.store).votes(led.code, "q")
    assert votes == {"b": 6 * 17, "c": 6 * 17, "d": 6 * 16}


def test_a_room_of_the_same_code_has_none_of_the_earlier_ones_votes(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rooms.register.draw_code", lambda letters: "bcdf")
    led = ask(rooms)
    rooms.vote(led.code, "v", "q", "yes")
    rooms.close(*one(led))
    again = ask(rooms)
    assert again.code == led.code
    assert rooms.votes(again.code, "q") == Counter()
    assert not rooms.is_led_by(*one(led))


def test_a_code_that_is_taken_is_drawn_again(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = iter(["bbbb", "bbbb", "cccc"])
    monkeypatch.setattr("rooms.register.draw_code", lambda letters: next(codes))
    assert [rooms.open(FOUR, "s").code for _each in range(2)] == ["bbbb", "cccc"]


def test_a_word_hands_a_room_over_once_and_the_old_secret_ends(rooms: Rooms) -> None:
    led = ask(rooms)
    word = rooms.offer(*one(led))
    assert len(word) == 6
    for wrong in ("", "bbbbbb" if word != "bbbbbb" else "cccccc", word[:5], "x" * 1000):
        with pytest.raises(WrongWord):
            rooms.take_over(led.code, wrong)
    taken = rooms.take_over(led.code, f" {word.upper()} ")
    assert taken.code == led.code
    assert rooms.is_led_by(*one(taken))
    assert not rooms.is_led_by(*one(led))
    assert rooms.look(led.code) == Room(led.code, 2, FOUR, "q", False)
    with pytest.raises(WrongWord):
        rooms.take_over(led.code, word)
    with pytest.raises(WrongWord):
        rooms.take_over(led.code, "")


def test_a_second_word_ends_the_first_and_each_ends_by_itself(shared: Shared) -> None:
    rooms = limited(shared.store, word_life=SOON)
    led = rooms.open(FOUR, "s")
    first, second = rooms.offer(*one(led)), rooms.offer(*one(led))
    with pytest.raises(WrongWord):
        rooms.take_over(led.code, first)
    shared.let_pass(SOON * 1.2)
    with pytest.raises(WrongWord):
        rooms.take_over(led.code, second)
    assert rooms.is_led_by(*one(led))


def test_of_two_who_give_the_word_one_leads(shared: Shared) -> None:
    rooms = Rooms(shared.store)
    led = rooms.open(FOUR, "s")
    word = rooms.offer(*one(led))
    start = Barrier(6)

    def take(_window: int) -> Leadership | None:
        other = Rooms(shared.door())
        start.wait()
        try:
            return other.take_over(led.code, word)
        except WrongWord:
            return None

    with ThreadPoolExecutor(6) as pool:
        (taken,) = filter(None, pool.map(take, range(6)))
    assert rooms.is_led_by(*one(taken))


def test_so_many_words_are_tried_within_a_minute(store: Store) -> None:
    rooms = limited(store, words_a_minute=2)
    led = rooms.open(FOUR, "s")
    word = rooms.offer(*one(led))
    for _each in range(2):
        with pytest.raises(WrongWord):
            rooms.take_over(led.code, "")
    with pytest.raises(TooFast):
        rooms.take_over(led.code, word)


def test_wrong_codes_are_counted_for_a_session_and_then_for_an_address(store: Store) -> None:
    rooms = limited(store, wrong_of_session=2, wrong_of_address=5)
    code = rooms.open(FOUR, "s").code
    for session in "ab":
        assert rooms.look_up(code, session, "school") is not None
        for _each in range(2):
            assert rooms.look_up("none", session, "school") is None
        with pytest.raises(TooManyWrongCodes):
            rooms.look_up(code, session, "school")
    assert rooms.look_up(code, "c", "school") is not None  # the school isn't locked out
    assert rooms.look_up("none", "c", "school") is None
    with pytest.raises(TooManyWrongCodes):
        rooms.look_up(code, "d", "school")
    assert rooms.look_up(code, "d", "home") is not None


def test_after_a_minute_codes_can_be_tried_again() -> None:
    clock = Clock()
    rooms = Rooms(MemoryStore(clock=clock), Limits(wrong_of_session=1))
    code = rooms.open(FOUR, "s").code
    assert rooms.look_up("none", "a", "x") is None
    with pytest.raises(TooManyWrongCodes):
        rooms.look_up(code, "a", "x")
    clock.now = 61
    assert rooms.look_up(code, "a", "x") is not None


def test_those_who_follow_are_counted_over_all_servers_that_still_report(shared: Shared) -> None:
    rooms, other = Rooms(shared.store), Rooms(shared.door())
    code = rooms.open(FOUR, "s").code
    assert rooms.people(code) == 0
    rooms.report_people(code, "one", 20)
    other.report_people(code, "two", 3)
    other.report_people(code, "two", 4)
    assert rooms.people(code.upper()) == 24


def test_a_server_that_reports_no_more_counts_no_more() -> None:
    clock = Clock()
    rooms = Rooms(MemoryStore(clock=clock))
    code = rooms.open(FOUR, "s").code
    rooms.report_people(code, "one", 20)
    clock.now = REPORT_LIFE / 2
    rooms.report_people(code, "two", 4)
    clock.now = REPORT_LIFE + 1
    assert rooms.people(code) == 4


def test_the_limits_leave_room_for_a_school() -> None:
    assert LIMITS.wrong_of_address >= 6 * LIMITS.people
    assert LIMITS.wrong_of_session * 10 < LIMITS.wrong_of_address
