"""Links to Learn that a stranger wrote: a valid page, a notice for each repair."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from model.training.plan import Plan
from tests.matrix import matrix
from tests.ui.helpers import (
    PARAMETERS,
    change,
    control,
    go_back,
    go_to,
    header,
    link,
    notices,
    open_popovers,
    value,
)
from tests.ui.link.hostile import HOSTILE, in_all
from tests.ui.pages.learn.helpers import (
    buttons,
    errors,
    finish,
    open_learn,
    open_trained,
    plan_of,
    press,
    tile_names,
)
from ui.link.plan_text import PLAN_FIELDS, plan_text, read_plan

TASKS = (
    "reverse, copy, shift, sort, histogram, majority, compare, look up, brackets, induction, "
    "characters, numbers"
)
SHARED = "reverse,1,16,1,sinusoidal,head_dim,0.002,30,0"


def check_that_the_url_is_repaired(page: AppTest) -> None:
    """What the page wrote into the URL, it takes without a word about the link."""
    again = open_learn(link(**page.query_params))
    assert not [line for line in notices(again) if "link" in line]
    for key in PARAMETERS["learn"]:
        assert value(again, key) == value(page, key), key


@matrix(7,
    ("query", "key", "used", "notice"),
    [
        ("task=foo", "task", "reverse",
         f"The link asks for task ` foo `; there are: {TASKS}. Using reverse."),
        ("story=foo", "story", None,
         "The link asks for story ` foo `; there are: Reverse needs positions, One head can't do "
         "two things at once, Induction needs two layers, What scale does to learning. Using "
         "none."),
        ("learning_rate=nan", "learning_rate", 0.002,
         "The link asks for learning_rate ` nan `, which isn't a number. Using 0.002."),
        ("learning_rate=inf", "learning_rate", 1000.0,
         "The link asks for learning_rate ` inf `; using the nearest, 1000.0."),
        ("learning_rate=1e999", "learning_rate", 1000.0,
         "The link asks for learning_rate ` 1e999 `; using the nearest, 1000.0."),
        ("learning_rate=-1", "learning_rate", 1e-5,
         "The link asks for learning_rate ` -1 `; using the nearest, 1e-05."),
        ("learning_rate=0.00123456", "learning_rate", 0.001235,
         "The link asks for learning_rate ` 0.00123456 `; using the nearest, 0.001235."),
        ("steps=0", "steps", 1, "The link asks for steps ` 0 `; using the nearest, 1."),
        ("steps=1e9", "steps", 3000, "The link asks for steps ` 1e9 `; using the nearest, 3000."),
        ("steps=1.5", "steps", 2, "The link asks for steps ` 1.5 `; using the nearest, 2."),
        ("heads=3", "heads", 2,
         "3 heads don't divide an embedding of 32; using the nearest, 2."),
        ("heads=16&embed_size=128", "heads", 8,
         "The link asks for heads ` 16 `; using the nearest, 8."),
        ("embed_size=4", "embed_size", 8,
         "The link asks for embed_size ` 4 `; using the nearest, 8."),
        ("embed_size=512", "embed_size", 128,
         "The link asks for embed_size ` 512 `; using the nearest, 128."),
        ("layers=12", "layers", 4, "The link asks for layers ` 12 `; using the nearest, 4."),
        ("layer=3", "layer", 0, "There is no layer 3; showing the last one, layer 0."),
        ("positions=rotten", "positions", "sinusoidal",
         "The link asks for positions ` rotten `; there are: none, sinusoidal, learned, rotary, "
         "ALiBi. Using sinusoidal."),
        ("pace=fast", "pace", "full",
         "The link asks for pace ` fast `; there are: full, slow. Using full."),
        ("view=kinds", "view", "watch",
         "The link asks for view ` kinds `; there are: watch, one head, cell, layers, "
         "circuit, numbers. Using watch."),
        ("at=-4", "at", 0, "The link asks for at ` -4 `; using the nearest, 0."),
        ("at=5000", "at", None,
         "The link asks for at ` 5000 `; using the nearest, 3000. There is no snapshot of step "
         "3000; showing that of step 400."),
        ("at=3", "at", 2, "There is no snapshot of step 3; showing that of step 2."),
        ("at=x", "at", None, "The link asks for at ` x `, which isn't a number. Using none."),
        ("kept=foo", "kept", "",
         "The link's kept ` foo ` is no training to compare with: expected 9 parts, got 1."),
        ("kept=reverse,1,16,1,sinusoidal,head_dim,nan,30,0", "kept", "",
         "The link's kept ` reverse,1,16,1,sinusoidal,head_dim,nan,… ` is no training to compare "
         "with: learning\\_rate must lie between 1e-05 and 1000.0, got nan."),
        ("kept=reverse,1,16,1,sinusoidal,head_dim,0.002,-30,0", "kept", "",
         "The link's kept ` reverse,1,16,1,sinusoidal,head_dim,0.00… ` is no training to compare "
         "with: sizes, steps and seed must be whole numbers."),
        ("kept=reverse,1,16,1,sinusoidal,head_dim,fast,30,0", "kept", "",
         "The link's kept ` reverse,1,16,1,sinusoidal,head_dim,fast… ` is no training to compare "
         "with: the learning rate must be a number, got 'fast'."),
    ],
)  # fmt: skip
def test_what_is_not_there_is_repaired_and_told(
    query: str, key: str, used: object, notice: str
) -> None:
    page = open_learn(query)
    assert value(page, key) == used
    assert notices(page) == [notice]
    assert errors(page) == []
    assert "not trained yet" in header(page)
    check_that_the_url_is_repaired(page)


def test_the_last_step_is_no_step_of_its_own() -> None:
    page = open_learn("at=400")
    assert value(page, "at") is None
    assert "at" not in page.query_params
    assert notices(page) == []


def test_rates_and_steps_that_no_slider_has_are_kept() -> None:
    page = open_learn(learning_rate="0.00321", steps=37, embed_size=40, heads=5)
    plan = plan_of(page)
    assert (plan.learning_rate, plan.steps, plan.embed_size, plan.heads) == (0.00321, 37, 40, 5)
    assert [control(page, key).value for key in ("learning_rate", "steps")] == [0.00321, 37]
    assert notices(page) == []
    check_that_the_url_is_repaired(page)


@pytest.mark.parametrize(
    ("parameters", "message", "mend"),
    [
        ({"layers": 4, "embed_size": 128},
         "The model would have 793,088 weights, and there may be 450,000; take fewer layers or a "
         "smaller embedding.", {"embed_size": 32}),
        ({"positions": "rotary", "embed_size": 24, "heads": 8},
         "Rotary positions turn pairs of numbers, so embed_size / heads must be even, got 24 / 8.",
         {"heads": 4}),
    ],
)  # fmt: skip
def test_what_can_not_be_trained_is_told_and_the_controls_stay(
    parameters: dict[str, object], message: str, mend: dict[str, Any]
) -> None:
    page = open_learn(**parameters)
    plain = errors(page)[0].replace("\\", "")
    assert plain == message
    assert buttons(page)["Train"] is False
    assert page.get("plotly_chart") == []
    for key, asked in parameters.items():
        assert control(page, key).value == asked
    change(page, view="numbers")
    assert len(errors(page)) == 1
    change(page, view="watch", text="abc")
    assert control(page, "text").value == "abc"
    change(page, **mend)
    assert errors(page) == []
    assert "not trained yet" in header(page)


@matrix(3, "text", HOSTILE.values(), ids=HOSTILE)
def test_in_every_parameter_at_once_it_gives_a_valid_page(text: str) -> None:
    text = text.encode(errors="replace").decode()
    page = open_learn(link(**in_all("learn", text)))
    assert notices(page)
    assert page.get("plotly_chart") or errors(page)
    check_that_the_url_is_repaired(page)


@matrix(4, "key", PARAMETERS["learn"])
def test_in_one_parameter_at_a_time_it_gives_a_valid_page(key: str) -> None:
    for text in ("", "-1e9999", "nan", "<script>", "9" * 50, "１２", "a" * 300):
        page = open_learn(link(**{key: text}))
        assert page.get("plotly_chart") or errors(page)


@matrix(
    3,
    "text",
    [
        "",
        SHARED + ",1",
        SHARED[:-2],
        SHARED.replace("16", "0x10"),
        SHARED.replace("16", "１６"),
        SHARED.replace("16", "1e1"),
        SHARED.replace(",0", ",²"),
        SHARED.replace("30,0", "30,٣"),
        SHARED.replace("30,0", "30,99999999999"),
        SHARED.replace("reverse", "<script>"),
        SHARED.replace("1,16,1", "3,16,1"),
        SHARED.replace("1,16,1", "1,128,4"),
        SHARED.replace("head_dim", "none;"),
        SHARED.replace("0.002", "inf"),
        "characters" + SHARED[len("reverse") :],
        ",".join(["9" * 50] * 9),
        ",,,,,,,,",
        "," * 100_000,
    ],
)
def test_a_kept_plan_is_read_or_told(text: str) -> None:
    used, message = PARAMETERS["learn"]["kept"].read("kept", text)
    if message is None and text:
        assert plan_text(read_plan(used)) == used
    else:
        assert used == ""
        assert (message is None) == (text == "")
    page = open_learn(kept=text)
    assert [line for line in notices(page) if "no training to compare with" in line] == (
        [message] if message else []
    )


def test_a_plan_is_read_as_it_was_written() -> None:
    plan = Plan(task="lookup", heads=4, embed_size=64, layers=2, positions="alibi", scale="none",
                learning_rate=1.5e-5, steps=3000, seed=2**31 - 1)  # fmt: skip
    assert read_plan(plan_text(plan)) == plan
    assert len(plan_text(plan).split(",")) == len(PLAN_FIELDS)


def test_a_kept_plan_with_a_text_of_its_own_is_compared_on_this_page() -> None:
    page = open_learn(task="characters", embed_size=16, steps=20)
    (area,) = open_popovers(page).text_area
    area.set_value("the quick brown fox jumps over the lazy dog. " * 6)
    page.run()
    press(page, "train")
    finish(page)
    press(page, "keep")
    change(page, heads=2)
    assert tile_names(page) == ["Head 0", "Head 1", "kept: Head 0"]
    # The same link on a page without the text: another training, of our own text.
    again = open_learn(link(**{**page.query_params, "heads": 2}))
    assert notices(again) == errors(again) == []
    assert buttons(again)["Train both"]


def test_back_and_forward_bring_each_models_own_numbers() -> None:
    page = open_trained()
    shown = header(page)
    change(page, seed=4)
    assert "seed 4" in header(page)
    go_back(page, "learn", link(embed_size=16, steps=30))
    assert header(page) == shown
    go_back(page, "learn", link(embed_size=16, steps=30, seed=4))
    assert "not trained yet** (seed 4)" in header(page)
    assert notices(page) == []


def test_the_page_is_as_it_was_left_when_it_is_come_back_to() -> None:
    page = open_trained(task="shift", heads=2, view="numbers")
    shown = header(page)
    go_to(page, "explore")
    assert control(page, "heads").value == 8  # sizes that a task is learnt with stay here
    assert "steps" not in page.query_params
    go_to(page, "learn")
    assert header(page) == shown
    assert value(page, "view") == "numbers"
    assert page.query_params["task"] == "shift"


def test_the_sentence_of_explore_does_not_come_along() -> None:
    page = open_learn()
    go_to(page, "explore")
    change(page, text="so it goes")
    go_to(page, "learn")
    assert control(page, "text").value == ""
    assert notices(page) == []
