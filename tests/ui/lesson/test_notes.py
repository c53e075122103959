"""The teacher's notes: what they say, and that they follow another window."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from lessons.shelf import lessons
from tests.ui.helpers import link, open_app, send, value


def notes(**more: object) -> AppTest:
    return open_app(link(notes="true", **more), path="pretrained")


def said(at: AppTest) -> str:
    return " ".join(str(element.value) for element in at.markdown).replace("\\", "")


def test_what_to_say_and_what_is_answered_wrongly_is_there() -> None:
    at = notes(lesson="who", step=2)
    step = lessons()["who"].steps[1]
    assert at.subheader[0].value == step.heading
    for text in (step.text, step.say, step.mistakes, step.then):
        assert " ".join(text.split()) in said(at)
    assert "How much of its attention does “it” give to “animal”?" in said(at)
    assert not at.get("plotly_chart")
    assert not at.text_input
    assert any("Next: " in caption.value for caption in at.caption)


def test_they_go_where_another_window_goes_also_to_another_page() -> None:
    at = send(notes(lesson="who"), "follower", "place", {"lesson": "mask", "step": 3})
    assert at.subheader[0].value == lessons()["mask"].steps[2].heading
    assert (value(at, "lesson"), value(at, "step")) == ("mask", 3)
    assert link(**at.query_params) == "lesson=mask&step=3&notes=true"


def test_without_a_lesson_they_say_what_they_wait_for() -> None:
    at = notes()
    assert "No lesson is followed" in at.info[0].value
    at = send(at, "follower", "place", {"lesson": "who", "step": 1})
    assert at.subheader[0].value == lessons()["who"].steps[0].heading


@pytest.mark.parametrize(
    "place",
    [
        None, 1, "who", [], {}, {"lesson": "nothing", "step": 1}, {"lesson": 5},
        {"lesson": ["who"]}, {"step": 2}, {"lesson": "<b>", "step": "2"},
    ],
)  # fmt: skip
def test_a_forged_place_changes_nothing(place: object) -> None:
    at = send(notes(lesson="who", step=2), "follower", "place", place)
    assert at.subheader[0].value == lessons()["who"].steps[1].heading


@pytest.mark.parametrize("step", [99, -3, 1e300, True, "7", None])
def test_a_step_that_isnt_there_is_the_nearest_one(step: object) -> None:
    at = send(notes(), "follower", "place", {"lesson": "who", "step": step})
    headings = [step.heading for step in lessons()["who"].steps]
    assert at.subheader[0].value in headings


def test_a_window_tells_where_it_is_while_a_lesson_is_followed() -> None:
    def place(at: AppTest) -> object:
        (element,) = [
            each for each in at.get("bidi_component") if each.proto.id.endswith("presenter")
        ]
        return json.loads(element.proto.bytes)["place"]

    assert place(open_app(link(lesson="scale", step=2))) == {"lesson": "scale", "step": 2}
    assert place(open_app(link(present="true"))) == {}
    every = open_app().get("bidi_component")
    assert not any(each.proto.id.endswith("presenter") for each in every)
