"""Who sends too much, reads too little, or tries what isn't theirs: nobody else is harmed."""

from dataclasses import replace
from statistics import quantiles
from threading import Event, Thread
from time import monotonic

from websockets.exceptions import ConnectionClosed

from rooms.errors import TooFast
from rooms.limits import LIMITS
from tests.deploy.fleet import Fleet, process_of, two_cookies
from tests.deploy.people import (
    EVENTS,
    Person,
    School,
    is_whole,
    open_room,
    rooms_of,
    sentence_of,
    told_to,
    version_of,
)
from tests.patience import wait_until
from tests.rooms.screens import Screen, counts, place

FOUR = "explore?heads=4"
OFTEN = 500
TIMES = 20  # sentences whose time is measured
SLOWER = 15  # times: computing is shared fairly, on a machine that others use too
MEGABYTE = 2**20


def test_a_leader_who_leads_five_hundred_times_is_bounded_and_the_last_is_what_all_get(
    fleet: Fleet, school: School
) -> None:
    with rooms_of(fleet) as rooms:
        led = rooms.open(FOUR, "a leader in a hurry")
        screens = [school.screen(led.code, "me", cookie) for cookie in two_cookies(fleet)]
        began, refused = monotonic(), 0
        for number in range(OFTEN):
            try:
                rooms.lead(led.code, led.secret, f"explore?seed={number}")
            except TooFast:
                refused += 1
        seconds = monotonic() - began
        assert OFTEN - refused <= LIMITS.leads_a_second * (seconds + 2)
        while (room := rooms.look(led.code)) is None or room.link != "explore?seed=last":
            try:
                rooms.lead(led.code, led.secret, "explore?seed=last")
            except TooFast:
                Event().wait(0.1)
        for screen in screens:
            screen.until(place(room.version))
        rooms.close(led.code, led.secret)


def test_a_leader_who_types_five_hundred_times_shows_the_last_sentence(
    fleet: Fleet, school: School
) -> None:
    leader = open_room(school.person(fleet.new_cookie()))
    before, began = version_of(fleet, leader.code), monotonic()
    for number in range(OFTEN):
        leader.person.ask(f"Sentence {number}")
    drawn = leader.person.type("The last one")
    while sentence_of(drawn) != "The last one":  # a browser reads on
        drawn = leader.person.receive()
    assert is_whole(drawn)
    last = "explore?text=The+last+one&heads=4"
    with rooms_of(fleet) as rooms:
        wait_until(lambda: (room := rooms.look(leader.code)) is not None and room.link == last)
        room = rooms.look(leader.code)
    assert room is not None
    assert room.version - before <= LIMITS.leads_a_second * (monotonic() - began + 2)


def test_a_voter_who_votes_five_hundred_times_has_one_vote(fleet: Fleet, school: School) -> None:
    with rooms_of(fleet) as rooms:
        led = rooms.open(FOUR, "a class with a joker")
        rooms.lead(led.code, led.secret, FOUR, "why")
        screens = [school.screen(led.code, cookie[-8:], cookie) for cookie in two_cookies(fleet)]
        began, taken = monotonic(), 0
        for number in range(OFTEN):
            try:
                rooms.vote(led.code, "the joker", "why", str(number % 7))
                taken += 1
            except TooFast:
                continue
        assert taken <= LIMITS.votes_a_second * (monotonic() - began + 2)
        rooms.vote(led.code, "somebody else", "why", "yes")
        assert rooms.votes(led.code, "why").total() == 2
        for screen in screens:
            screen.until(counts(2, 2))
        rooms.close(led.code, led.secret)


def test_who_sends_far_too_much_delays_nobody_much(fleet: Fleet, school: School) -> None:
    cookie = fleet.new_cookie()
    other, flooding = school.person(cookie), school.person(cookie)  # in the same process
    assert is_whole(other.open("heads=4"))
    assert is_whole(flooding.open("heads=4"))
    alone = slow_one_of(times_of(other, "Alone"))
    ended = Event()

    def flood() -> None:
        number = 0
        try:
            while not ended.is_set():
                flooding.ask(f"Much too fast {(number := number + 1)}")
        except ConnectionClosed:  # with the end of the test
            return

    sender = Thread(target=flood)
    sender.start()
    try:
        beside = slow_one_of(times_of(other, "Beside"))
    finally:
        ended.set()
        flooding._socket.socket.shutdown(2)  # it may wait until it can send
        sender.join()
    print(f"of twenty sentences the slowest but one: {alone:.3f} s alone, {beside:.3f} s beside")
    assert beside < SLOWER * alone


def times_of(person: Person, word: str) -> list[float]:
    """The seconds that each of some sentences takes."""
    times = []
    for number in range(TIMES):
        began = monotonic()
        assert is_whole(person.type(f"{word} in sentence {number}"))
        times.append(monotonic() - began)
    return times


def slow_one_of(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]


def test_who_reads_slowly_costs_nothing_and_gets_the_latest(fleet: Fleet, school: School) -> None:
    cookie = fleet.new_cookie()
    process = process_of(fleet, school.person(cookie))
    with rooms_of(fleet, replace(LIMITS, leads_a_second=10_000)) as rooms:
        led = rooms.open(FOUR, "a class with a slow line")
        slow, quick = (school.screen(led.code, who, cookie) for who in ("slow", "quick"))
        quick.until(counts(2))
        memory = process.memory_info().rss
        for number in range(200):
            room = rooms.lead(led.code, led.secret, f"explore?seed={number}")
            if number % 20 == 19:
                quick.until(place(room.version))
        assert process.memory_info().rss - memory < 20 * MEGABYTE
        told = slow.until(place(room.version))
        assert len([name for name, _data in told if name == "place"]) < 100  # much was left out
        rooms.close(led.code, led.secret)


def test_a_made_up_secret_leads_nothing_from_any_process(fleet: Fleet, school: School) -> None:
    cookies = two_cookies(fleet)
    leader = open_room(school.person(cookies[0]))
    before = version_of(fleet, leader.code)
    for cookie in cookies:
        stranger = school.person(cookie)
        assert is_whole(stranger.open(f"room={leader.code}&heads=2"))
        drawn = stranger.tell("claim", {"code": leader.code, "secret": "x" * 32})
        (room,) = told_to(drawn, "headlight_room")
        assert room["lost"]
        assert not room["secret"]
        assert is_whole(stranger.type("Look at me"))
    assert version_of(fleet, leader.code) == before
    assert is_whole(leader.person.type("It still leads"))
    assert version_of(fleet, leader.code) == before + 1


def test_who_tries_codes_is_refused_and_the_school_behind_the_same_address_is_not(
    fleet: Fleet, school: School
) -> None:
    cookies = two_cookies(fleet)
    leader = open_room(school.person(cookies[0]))

    def tries(code: str, who: str, cookie: str) -> int:
        screen = Screen(fleet.url + EVENTS, code, who, cookie)
        screen.close()
        return screen.status

    wrong = LIMITS.wrong_of_session
    tried = [tries("bbbb", "guesser", cookies[number % 2]) for number in range(wrong)]
    assert tried == [404] * wrong  # however they are spread over the processes
    for cookie in cookies:
        assert tries("bbbb", "guesser", cookie) == 429
        assert tries(leader.code, "guesser", cookie) == 429
        assert tries(leader.code, "pupil", cookie) == 200
    guesser = school.person(cookies[1])
    for _time in range(wrong):
        assert "There is no room" in guesser.open("room=bbbb").texts()
    assert "too many wrong codes" in guesser.open("room=bbbb").texts()
    assert "too many wrong codes" in guesser.open(f"room={leader.code}").texts()
    pupil = school.person(cookies[1])
    assert told_to(pupil.open(f"room={leader.code}"), "headlight_room")[-1]["code"] == leader.code
