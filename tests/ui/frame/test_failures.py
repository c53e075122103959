"""What happens on each page where a computation, or a picture, can't be made: nothing is lost."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import model.transformer
from model.errors import CodedValueError
from model.pretrained.base import ModelUnavailableError
from model.pretrained.refusals import ModelRefusedError
from tests.matrix import matrix
from tests.ui.helpers import change, control, header, open_app, send, type_text, value
from tests.ui.pages.pretrained.helpers import messages, needs_minilm, open_trained
from ui.frame import failures
from ui.frame import follow as frame
from ui.frame.failures import describe_failure, told_in_place
from ui.frame.trained_here import TrainedHere
from ui.runs.random_weights import _runs

ENDS = "What is typed and chosen stays: change it, and it is computed again."
ERRORS: list[tuple[Exception, str]] = [
    (RuntimeError("mat1 and mat2\nshapes cannot be multiplied"),
     "mat1 and mat2 shapes cannot be multiplied"),
    (IndexError("index out of range in self"), "index out of range in self"),
    (MemoryError(), "there isn't enough memory on this server"),
    (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
     "there isn't enough memory on this server"),
    (KeyError("missing"), "'missing'"),
    (AssertionError(), "AssertionError"),
    (RecursionError("maximum recursion depth exceeded"), "maximum recursion depth exceeded"),
    (FileNotFoundError(2, "No such file or directory", "/srv/models/secret/model.safetensors"),
     "No such file or directory"),
    (RuntimeError("cannot open /srv/models/secret/model.safetensors."),
     "cannot open model.safetensors"),
    (ValueError("<script>*a*"), r"\<script\>\*a\*"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def forget_what_was_logged() -> None:
    failures._logged.clear()


@pytest.mark.parametrize(("error", "reason"), ERRORS)
def test_the_reason_is_said_in_a_line_without_the_servers_folders(
    error: Exception, reason: str
) -> None:
    assert describe_failure(error) == f"This couldn't be computed: {reason}. {ENDS}"


def test_what_is_written_for_people_is_said_as_it_is() -> None:
    assert (
        describe_failure(ModelUnavailableError("gone", "It isn't installed."))
        == "It isn't installed."
    )
    error = CodedValueError("size", "{size} is no size", size=3)
    assert describe_failure(error) == f"This couldn't be computed: 3 is no size. {ENDS}"


def test_why_somebodys_model_is_refused_stays_in_the_log() -> None:
    error = ModelRefusedError("/srv/models/secret is no folder", "gone")
    assert describe_failure(error) == "This model can't be used here. The server's log says why."


def fail_once(where: str) -> None:
    with told_in_place():
        raise RuntimeError(f"in {where}\nand on")


def test_a_failure_is_one_line_in_the_log_once_for_a_place(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "show_failure", lambda error: None)
    with caplog.at_level(logging.ERROR):
        for where in ("here", "here", "there"):
            fail_once(where)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("RuntimeError (failures.py:")
    assert line.endswith(" fail_once)")
    assert "\n" not in line


def test_streamlits_own_stops_pass() -> None:
    from streamlit.runtime.scriptrunner_utils.exceptions import StopException

    with pytest.raises(StopException), told_in_place():
        raise StopException


# Every page: what is typed stays, the message is there, and another text is computed again.


def failing(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


def check_told(page: AppTest, reason: str, **typed: str) -> None:
    assert not page.exception
    assert messages(page)[0] == f"This couldn't be computed: {reason}. {ENDS}"
    for key, text in typed.items():
        assert control(page, key).value == text


ENCODER, PAIR = "model.transformer.Encoder.trace", "model.transformer.Transformer.trace"


@matrix(
    2,
    ("path", "query", "target", "typed", "failure"),
    [
        ("explore", "", ENCODER, {"text": "a b"}, ERRORS[0]),
        ("explore", "", ENCODER, {"text": "a b"}, ERRORS[2]),
        ("explore", "view=tests&test=order", ENCODER, {"text": "a b"}, ERRORS[1]),
        ("encoder-decoder", "", PAIR, {"text": "a b", "text2": "c"}, ERRORS[1]),
        ("learn", "task=copy", "", {"text": "a b c d e f g h"}, ERRORS[2]),
    ],
)
def test_a_run_that_fails_is_told_and_can_be_corrected(
    path: str,
    query: str,
    target: str,
    typed: dict[str, str],
    failure: tuple[Exception, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error, reason = failure
    at = open_app(query, path=path)
    charts = len(at.get("plotly_chart"))
    with monkeypatch.context() as patch:
        if target:
            patch.setattr(target, failing(error))
        else:  # Learn's page has bound its function when it was opened
            patch.setattr(TrainedHere, "compute", failing(error))
        change(at, **typed)
        check_told(at, reason, **typed)
        type_text(at, "x y")  # the fragment alone
        check_told(at, reason, text="x y")
        at.run()
        check_told(at, reason, **{**typed, "text": "x y"})
    change(at, text="the end")
    assert messages(at) == [] or path == "learn"
    assert len(at.get("plotly_chart")) == charts
    assert control(at, "text").value == "the end"


@matrix(
    3,
    ("path", "query"),
    [
        ("explore", ""),
        ("explore", "view=numbers"),
        ("explore", "view=head"),
        ("encoder-decoder", ""),
        ("encoder-decoder", "view=layers"),
        ("learn", "view=layers"),
        ("learn", ""),
    ],
)
def test_a_picture_that_fails_leaves_all_else(
    path: str, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_app(query, path=path)
    said = header(at)
    typed = control(at, "text").value
    with monkeypatch.context() as patch:
        patch.setattr(frame, "show_view", failing(IndexError("no such row")))
        at.run()
        check_told(at, "no such row", text=typed)
        assert header(at) == said
        assert control(at, "view").options
    at.run()
    assert messages(at) == []
    assert header(at) == said


def test_a_header_that_fails_leaves_all_else(monkeypatch: pytest.MonkeyPatch) -> None:
    at = open_app("text=a b")
    with monkeypatch.context() as patch:
        patch.setattr(frame, "show_header", failing(MemoryError()))
        at.run()
        check_told(at, "there isn't enough memory on this server", text="a b")
        assert at.get("plotly_chart")
    at.run()
    assert messages(at) == []


def test_a_click_that_fails_leaves_the_page_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    at = open_app("text=a b c")
    click = {"chart": "heads_chart", "tile": 1, "row": 0, "column": 0}
    with monkeypatch.context() as patch:
        patch.setattr("model.transformer.Encoder.trace", failing(RuntimeError("broken")))
        _runs.clear()  # as if so many others had computed something since
        send(at, "chart_clicks", "cell", click)
        check_told(at, "broken", text="a b c")
        assert value(at, "view") == "heads"
    send(at, "chart_clicks", "cell", click)
    assert value(at, "view") == "cell"


@pytest.mark.parametrize("side", ["a", "b"])
def test_a_side_of_compare_that_fails_is_told_beside_the_other(
    side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_app("a=explore?layers=2&b=explore?layers=3", path="compare")
    original = model.transformer.Encoder.trace
    layers = {"a": 2, "b": 3}[side]

    def trace(encoder: Any, *arguments: Any) -> Any:
        if len(encoder.layers) == layers:
            raise RuntimeError("broken")
        return original(encoder, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(model.transformer.Encoder, "trace", trace)
        change(at, b_text="x y")
        assert messages(at) == [f"**{side.upper()}**: This couldn't be computed: broken. {ENDS}"]
        assert len(at.get("plotly_chart")) == 1  # the other side's
        assert control(at, "b_text").value == "x y"
    change(at, b_text="x z")
    assert messages(at) == []
    assert len(at.get("plotly_chart")) == 3


def test_a_comparisons_picture_that_fails_leaves_its_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = open_app("", path="compare")
    with monkeypatch.context() as patch:
        patch.setattr("ui.pages.compare.follow.show_comparison", failing(ValueError("no pairs")))
        at.run()
        check_told(at, "no pairs")
        assert any("A → B" in str(m.value) for m in at.markdown)
        assert control(at, "b_text").value
    at.run()
    assert messages(at) == []


def inputs(at: AppTest) -> list[Any]:
    return [*at.text_input, *at.selectbox, *at.number_input]


@matrix(
    2,
    ("query", "target"),
    [
        ("", "ui.pages.lab.sweep_view.described"),
        ("view=learning", "ui.pages.lab.sweep_view._ticket"),
        ("view=cost", "ui.pages.lab.cost_view.draw_cost"),
        ("view=cost", "ui.pages.lab.cost_parts_view.draw_parts"),
    ],
)
def test_a_lab_view_that_fails_leaves_its_controls(
    query: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_app(query, path="lab")
    before = messages(at)
    # What is offered to pick depends on what was measured.
    keys = {each.key for each in inputs(at) if not each.key.startswith("pick_")}
    with monkeypatch.context() as patch:
        patch.setattr(target, failing(RuntimeError("broken")))
        at.run()
        check_told(at, "broken")
        assert keys <= {each.key for each in inputs(at)}
        assert control(at, "view").options
    at.run()
    assert messages(at) == before


@needs_minilm
def test_a_trained_models_run_that_fails_is_told_and_can_be_corrected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = open_trained(text="a cat", text2="a dog")
    with monkeypatch.context() as patch:
        patch.setattr("model.pretrained.stack.StackModel.run", failing(IndexError("no row 9")))
        change(at, text="failing cats", text2="failing dogs")
        check_told(at, "no row 9", text="failing cats", text2="failing dogs")
        type_text(at, "they fail again")
        check_told(at, "no row 9", text="they fail again")
    change(at, text="cats")
    assert messages(at) == []
    assert at.get("plotly_chart")


def test_a_models_path_is_not_told(tmp_path: Path) -> None:
    error = OSError(2, "No such file or directory", str(tmp_path / "model.safetensors"))
    assert str(tmp_path) not in describe_failure(error)
