"""A class's room on its pages: who opens it leads, who comes in follows, and all may answer."""

import json
import re
from collections import Counter
from itertools import product
from typing import Any

import numpy as np
import pytest
from streamlit.runtime.scriptrunner import StopException
from streamlit.testing.v1 import AppTest

from model.masks import encode_cells
from rooms.errors import unreachable
from rooms.memory import MemoryStore
from rooms.rooms import Rooms
from tests.ui.helpers import (
    captions,
    change,
    checked,
    control,
    go_to,
    link,
    notices,
    numbers,
    open_app,
    own,
    send,
    send_raw,
    type_text,
    value,
)
from tests.ui.pages.pretrained.helpers import needs_minilm
from ui.lesson import room as room_module
from ui.link import room as link_module
from ui.link.member import Member
from ui.link.memory import Session
from ui.pages import PAGES
from ui.pages.learn.memory import LearnMemory

LISTENER = "room_listener"
FIRST = "first"  # what the app calls the page at its own address


@pytest.fixture(autouse=True)
def rooms(monkeypatch: pytest.MonkeyPatch) -> Rooms:
    """Rooms that no other test has opened."""
    kept = Rooms(MemoryStore())
    monkeypatch.setattr(room_module, "ROOMS", kept)
    monkeypatch.setattr(link_module, "ROOMS", kept)
    return kept


def press(at: AppTest, key: str) -> AppTest:
    (button,) = [each for each in at.button if each.key == key]
    return checked(button.click().run())


def open_room(at: AppTest) -> str:
    """The code of a room that is opened on a page."""
    at.session_state["share_popover"] = True
    at.run()
    press(at, "open_room")
    return code_of(at)


def member(at: AppTest) -> Member:
    session: Session = at.session_state["_session"]
    assert session.room is not None
    return session.room


def code_of(at: AppTest) -> str:
    return member(at).code


def shown(at: AppTest) -> str:
    session: Session = at.session_state["_session"]
    assert session.page is not None
    return session.page.name


def follower(code: str) -> AppTest:
    return open_app(link(room=code), path=FIRST)


def told(at: AppTest) -> AppTest:
    """What a follower's page is once its browser has heard of a change."""
    return send(at, LISTENER, "place", 99)


def inside(at: AppTest) -> AppTest:
    """The page with the room's popover open."""
    at.session_state["room_popover"] = True
    return checked(at.run())


def html(at: AppTest) -> str:
    return "".join(element.proto.body for element in at.get("html"))


def votes(at: AppTest) -> list[list[str]]:
    """The rows of what a class has answered: the answer, how many, and how much of all that is."""
    body = re.search(r'<table class="votes.*?</table>', html(at), re.DOTALL)
    assert body is not None
    rows = re.findall(r"<tr.*?</tr>", body.group(), re.DOTALL)
    return [
        [re.sub("<.*?>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]
        for row in rows
    ]


def say(at: AppTest, answer: str) -> AppTest:
    """Answer the question, as a click in the picker does."""
    return send(at, "picker", "pick", {"row": 0, "place": int(answer)})


def test_a_room_has_four_letters_that_cant_be_misread_and_is_in_the_leaders_address() -> None:
    at = open_app("heads=4")
    code = open_room(at)
    assert re.fullmatch("[bcdfghjkmnpqrstvwxyz]{4}", code)
    assert at.query_params == {"room": code, "heads": "4"}
    inside(at)
    assert code.upper() in html(at)
    assert "data:image/svg+xml" in html(at)
    assert any(each.value.endswith(f"?room={code.upper()}") for each in at.code)


def test_nothing_of_a_room_is_drawn_for_those_who_are_in_none() -> None:
    at = open_app("heads=4")
    assert not [each for each in at.get("bidi_component") if each.key == LISTENER]
    assert 'class="votes' not in html(at)


def test_the_secret_is_in_no_link_and_goes_to_the_leaders_browser_alone() -> None:
    at = open_app("heads=4")
    code = open_room(at)
    secret = member(at).secret
    assert secret
    student = follower(code)
    assert data(at)["secret"] == secret
    assert data(student)["secret"] == ""
    for page in (at, student):
        inside(page)
        page.session_state["share_popover"] = True
        page.run()
        texts = [
            *(each.value for each in page.code),
            json.dumps(dict(page.query_params)),
            html(page),
        ]
        assert not [text for text in texts if secret in text]


def data(at: AppTest) -> dict[str, Any]:
    """What the room's component is told."""
    (found,) = [each for each in at.get("bidi_component") if each.key == LISTENER]
    told_now: dict[str, Any] = json.loads(found.proto.bytes)
    return told_now


def test_who_comes_in_sees_what_is_shown_at_an_address_that_is_the_rooms() -> None:
    teacher = open_app("heads=4&mask=causal&text=Where+is+the+cat&view=head&head=2&q=1")
    student = follower(open_room(teacher).upper())
    assert shown(student) == "explore"
    for key in ("heads", "mask", "text", "view", "head", "q"):
        assert value(student, key) == value(teacher, key)
    assert student.query_params == {"room": code_of(teacher)}
    for seen, expected in zip(
        numbers(student, "head_chart"), numbers(teacher, "head_chart"), strict=True
    ):
        np.testing.assert_array_equal(seen, expected)


def test_who_follows_goes_along_whatever_is_chosen_and_makes_no_entry_of_it() -> None:
    teacher = open_app("heads=4")
    student = follower(open_room(teacher))
    session: Session = student.session_state["_session"]
    before = session.entries
    change(teacher, heads=2)
    told(student)
    assert value(student, "heads") == 2
    type_text(teacher, "Nobody knows 猫")
    told(student)
    assert value(student, "text") == "Nobody knows 猫"
    change(teacher, view="layers")
    told(student)
    assert value(student, "view") == "layers"
    assert session.entries == before
    assert student.query_params == {"room": code_of(teacher)}


@pytest.mark.parametrize("name", [page.name for page in PAGES if page.name != "explore"])
def test_who_follows_goes_along_to_every_page(name: str) -> None:
    teacher = open_app("heads=4")
    student = follower(open_room(teacher))
    go_to(teacher, name)
    told(student)
    assert shown(student) == name
    assert student.query_params == {"room": code_of(teacher)}
    assert not notices(student)
    go_to(teacher, "explore")
    told(student)
    assert shown(student) == "explore"
    assert value(student, "heads") == 4


def test_what_a_follower_changes_lasts_until_the_class_goes_on() -> None:
    teacher = open_app("heads=4")
    student = follower(open_room(teacher))
    change(student, heads=8)
    assert value(student, "heads") == 8
    assert student.query_params == {"room": code_of(teacher)}
    change(teacher, mask="causal")
    assert value(teacher, "heads") == 4
    told(student)
    assert (value(student, "heads"), value(student, "mask")) == (4, "causal")


def test_a_followers_page_isnt_presented_and_speaks_its_own_language() -> None:
    teacher = open_app("heads=4&present=true&only=heads&lang=zh")
    code = open_room(teacher)
    student = open_app(link(room=code, lang="en"), path=FIRST)
    assert not value(student, "present")
    assert value(student, "heads") == 4
    assert student.query_params == {"room": code, "lang": "en"}
    change(teacher, heads=2)
    told(student)
    session: Session = student.session_state["_session"]
    assert session.language == "en"


def test_who_does_not_present_is_spared_the_style_of_it() -> None:
    """A browser looks through the whole page for it, at each label that a chart measures."""
    part = ".st-key-presented) .st-key-corner:"
    teacher = open_app("heads=4&present=true")
    student = follower(open_room(teacher))
    assert part in html(teacher)
    assert part not in html(student)
    other = open_app("heads=4")
    open_room(other)
    assert part not in html(other)


def test_looking_around_has_an_address_of_its_own_and_leads_back() -> None:
    teacher = open_app("heads=4")
    code = open_room(teacher)
    student = open_app(link(room=code, heads=4), path="explore")
    assert not member(student).is_following
    change(teacher, heads=2)
    told(student)
    assert value(student, "heads") == 4
    change(student, heads=8)
    assert student.query_params == {"room": code}  # eight heads are the default
    assert value(student, "heads") == 8
    assert "Back to the class" in [each.proto.label for each in student.get("page_link")]
    back = follower(code)
    assert value(back, "heads") == 2


@pytest.mark.parametrize(
    "code", ["", "zzzz", "aeio", "1234", "x" * 500, "<b>k</b>", "Ｋkkk", "\u202e"]
)
def test_an_unknown_code_opens_the_start_page_and_says_so_once(code: str) -> None:
    at = open_app(link(room=code), path=FIRST)
    assert shown(at) == "start"
    assert any("no room with the code" in notice for notice in notices(at))
    assert "room" not in at.query_params
    again = open_app(link(**at.query_params), path=FIRST)
    assert not notices(again)


def test_a_code_can_be_typed_on_the_start_page(rooms: Rooms) -> None:
    teacher = open_app("heads=4")
    code = open_room(teacher)
    at = open_app(path=FIRST)
    control(at, "room_code").set_value(f" {code.upper()} ")
    at = checked(at.run())
    assert shown(at) == "explore"
    assert at.query_params == {"room": code}
    wrong = open_app(path=FIRST)
    control(wrong, "room_code").set_value("zzzz")
    wrong = checked(wrong.run())
    assert shown(wrong) == "start"
    assert any("no room with the code" in notice for notice in notices(wrong))


def test_codes_tried_at_random_are_refused_after_some(rooms: Rooms) -> None:
    at = open_app(path=FIRST)
    for first, second in product("bcdf", "bcdfghjkmn"):
        control(at, "room_code").set_value(f"zz{first}{second}")
        at = checked(at.run())
    assert any("too many wrong codes" in notice for notice in notices(at))


def test_a_made_up_secret_leads_nothing(rooms: Rooms) -> None:
    teacher = open_app("heads=4")
    code = open_room(teacher)
    stranger = open_app(link(room=code), path="explore")
    send(stranger, LISTENER, "claim", {"code": code, "secret": "x" * 32})
    assert not member(stranger).leads
    assert data(stranger)["lost"]
    change(stranger, heads=2)
    room = rooms.look(code)
    assert room is not None
    assert room.link == "explore?heads=4"


@pytest.mark.parametrize(
    "payload",
    [
        '[{"event": "claim", "value": null}]',
        '[{"event": "claim", "value": {"code": 7, "secret": []}}]',
        '[{"event": "claim", "value": ["a"]}]',
        '[{"event": "voter", "value": {"a": 1}}]',
        '[{"event": "voter", "value": "' + "x" * 500 + '"}]',
        '[{"event": "place", "value": "<script>"}]',
        "{}",
    ],
)
def test_what_a_strangers_browser_sends_breaks_nothing(payload: str) -> None:
    teacher = open_app("heads=4")
    student = follower(open_room(teacher))
    voter = member(student).voter
    send_raw(student, LISTENER, payload)
    assert member(student).voter == voter
    assert not member(student).leads
    assert value(student, "heads") == 4


def test_a_reload_still_leads_by_what_the_browser_has_kept(rooms: Rooms) -> None:
    teacher = open_app("heads=4")
    code = open_room(teacher)
    secret = member(teacher).secret
    again = open_app(link(**teacher.query_params), path="explore")
    assert not member(again).leads
    send(again, LISTENER, "claim", {"code": code, "secret": secret})
    assert member(again).leads
    change(again, heads=2)
    room = rooms.look(code)
    assert room is not None
    assert room.link == "explore?heads=2"


def test_a_word_hands_the_room_over_once(rooms: Rooms) -> None:
    teacher = open_app("heads=4")
    code = open_room(teacher)
    student = follower(code)
    inside(teacher)
    press(teacher, "hand_over")
    word = member(teacher).word
    assert word.upper() in html(teacher)
    inside(student)
    control(student, "room_word").set_value("bbbbbb")
    student = checked(student.run())
    assert [each for each in student.warning if "word" in each.value]
    control(student, "room_word").set_value(word.upper())
    student = checked(student.run())
    assert member(student).leads
    change(student, heads=2)
    room = rooms.look(code)
    assert room is not None
    assert room.link == "explore?heads=2"
    change(teacher, heads=8)
    assert not member(teacher).leads
    assert rooms.look(code) == room


def test_a_closed_room_leaves_everybody_where_they_were(rooms: Rooms) -> None:
    teacher = open_app("heads=4")
    code = open_room(teacher)
    student = follower(code)
    inside(teacher)
    press(teacher, "close_room")
    assert rooms.look(code) is None
    assert teacher.query_params == {"heads": "4"}
    student = told(student)
    session: Session = student.session_state["_session"]
    assert session.room is None
    assert value(student, "heads") == 4
    assert any("has ended" in notice for notice in notices(student))
    assert student.query_params == {"heads": "4"}


def test_a_leader_whose_room_has_gone_is_told_in_place_and_goes_on(rooms: Rooms) -> None:
    teacher = open_app("heads=4")
    code = open_room(teacher)
    secret = member(teacher).secret
    assert secret is not None
    rooms.close(code, secret)  # or the store came back without it
    send(teacher, LISTENER, "place", -1)
    assert any("has ended" in notice for notice in notices(teacher))
    assert teacher.query_params == {"heads": "4"}
    assert open_room(teacher) != code


def test_a_leader_is_told_at_once_that_the_store_is_away_and_that_it_is_back(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = open_app("heads=4")
    code = open_room(teacher)

    def fail(*_given: object) -> None:
        raise unreachable()

    with monkeypatch.context() as away:
        away.setattr(rooms, "lead", fail)
        change(teacher, heads=2)
        assert any("doesn't answer" in notice for notice in notices(teacher))
        assert value(teacher, "heads") == 2
    change(teacher, heads=4)
    assert not any("doesn't answer" in notice for notice in notices(teacher))
    room = rooms.look(code)
    assert room is not None
    assert room.link == "explore?heads=4"


@needs_minilm
def test_a_run_that_another_has_overtaken_tells_no_more(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    led = rooms.open("explore?seed=0", "a leader")
    for seed in range(rooms.limits.leads_a_second):  # as often as one may
        rooms.lead(led.code, led.secret, f"explore?seed={seed + 1}")
    checks: list[str] = []

    def check() -> None:
        checks.append("a try")
        if len(checks) == 3:
            raise StopException

    monkeypatch.setattr(link_module, "get_run_yield_check", lambda: check)
    monkeypatch.setattr(link_module, "AGAIN", 0.0)
    leader = Member(led.code, secret=led.secret)
    with pytest.raises(StopException):
        link_module._tell(leader, "explore?seed=99", "", False)
    room = rooms.look(led.code)
    assert room is not None
    assert room.link == f"explore?seed={rooms.limits.leads_a_second}"
    assert not leader.telling.locked()


def test_a_class_predicts_and_the_answers_stand_beside_the_truth_on_all_screens(
    rooms: Rooms,
) -> None:
    teacher = open_app("lesson=who", path="pretrained")
    code = open_room(teacher)
    students = [follower(code) for _number in range(3)]
    assert not [each for each in students[0].button if each.key in ("reveal", "way_next")]
    for student, answer in zip(students, "335", strict=True):
        say(student, answer)
        assert any(line.startswith("Sent") for line in captions(student))
    say(students[0], "5")  # minds may be changed
    room = rooms.look(code)
    assert room is not None
    assert rooms.votes(code, room.question) == Counter({"5": 2, "3": 1})
    assert 'class="votes' not in html(students[0])
    press(teacher, "reveal")
    assert votes(teacher) == [
        ["street", "", "2", "67%"],
        ["cross", "", "1", "33%"],
        ["animal ✓", "", "0", "0%"],
    ]
    for student in students:
        told(student)
        assert votes(student) == votes(teacher)
        assert "animal" in " ".join(str(each.value) for each in student.markdown)
    assert value(students[0], "answer") == "5"
    say(students[2], "1")  # too late
    assert rooms.votes(code, room.question) == Counter({"5": 2, "3": 1})


@needs_minilm
def test_another_sentence_of_ones_own_isnt_the_classs_question(rooms: Rooms) -> None:
    teacher = open_app("lesson=who", path="pretrained")
    code = open_room(teacher)
    student = follower(code)
    room = rooms.look(code)
    assert room is not None
    type_text(student, "one two three four")
    say(student, "1")
    assert any(line.startswith("This is your own sentence") for line in captions(student))
    assert not rooms.votes(code, room.question)


def test_a_class_trains_once(rooms: Rooms) -> None:
    teacher = open_app("lesson=learned", path="learn")
    code = open_room(teacher)
    students = [follower(code) for _number in range(2)]
    trainings = [own(page, LearnMemory).trainings for page in (teacher, *students)]
    assert trainings[0]
    for other in trainings[1:]:
        assert other.keys() == trainings[0].keys()
        assert all(other[plan] is training for plan, training in trainings[0].items())
    alone = open_app("lesson=learned", path="learn")
    for plan, training in own(alone, LearnMemory).trainings.items():
        assert training is not trainings[0][plan]
        training.stop()


@needs_minilm
def test_a_step_on_another_page_is_followed_there(rooms: Rooms) -> None:
    teacher = open_app("lesson=learned", path="learn")
    student = follower(open_room(teacher))
    assert shown(student) == shown(teacher)
    assert value(student, "lesson") == "learned"


def cast(at: AppTest, rooms: Rooms, *answers: str) -> None:
    """Answer the question that a leader's page asks, each time from another browser."""
    room = rooms.look(code_of(at))
    assert room is not None
    for number, answer in enumerate(answers):
        rooms.vote(room.code, f"voter {number}", room.question, answer)


def test_numbers_are_counted_by_what_they_say_and_nonsense_isnt(rooms: Rooms) -> None:
    teacher = open_app("lesson=mask", path="explore")
    open_room(teacher)
    cast(teacher, rooms, "2", "2.0", "3", "many", "-1", "nan", "<b>2</b>", "1e99")
    press(teacher, "reveal")
    rows = votes(teacher)
    assert sum(int(row[2]) for row in rows) == 3
    assert ["2", "67%"] in [row[2:] for row in rows]


def test_paintings_are_laid_over_one_another(rooms: Rooms) -> None:
    teacher = open_app("lesson=mask&step=2", path="explore")
    open_room(teacher)
    lower = np.tril(np.ones((6, 6), dtype=bool))  # what is right: the sentence has six words
    cast(teacher, rooms, encode_cells(lower), encode_cells(np.eye(6, dtype=bool)))
    press(teacher, "reveal")
    cells = re.findall(r'<td( class=right)? title="(\d+)%">', html(teacher))
    shares = np.array([int(share) for _right, share in cells]).reshape(6, 6)
    right = np.array([bool(mark) for mark, _share in cells]).reshape(6, 6)
    np.testing.assert_array_equal(right, lower)
    np.testing.assert_array_equal(shares, 50 * lower + 50 * np.eye(6, dtype=int))


def test_what_a_wall_says_of_paintings_is_their_mean(rooms: Rooms) -> None:
    teacher = open_app("lesson=mask&step=2", path="explore")
    open_room(teacher)
    lower = np.tril(np.ones((6, 6), dtype=bool))
    # All of the 21 right cells; and six of them, with none beside: 6 of 21.
    cast(teacher, rooms, encode_cells(lower), encode_cells(np.eye(6, dtype=bool)))
    press(teacher, "present_button")
    press(teacher, "reveal")
    (painter,) = [each for each in teacher.get("bidi_component") if "painter" in each.key]
    hint = json.loads(painter.proto.bytes)["words"]["hint"]
    assert hint.startswith(f"2 answers: on average, {round(100 * (1 + 6 / 21) / 2)}%")
