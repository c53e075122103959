"""The lesson about costs: each answer worked out by hand, for its own sizes and for others."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from lab.cost import Measured
from model.cost import Rates
from tests.matrix import matrix
from tests.ui.helpers import checked, control, link, notices, open_app, open_popovers, own, value
from tests.ui.lesson.helpers import said, sent, steady
from ui.jobs.cost_job import CostRun
from ui.pages.lab.memory import LabMemory

# Tokens L, embedding E, heads H, layers N: the lesson's own sizes are the first of each.
SIZES = ((1000, 512, 8, 1), (4000, 512, 8, 1), (1000, 768, 12, 12), (77, 96, 4, 3))


def follow(step: int, **more: object) -> AppTest:
    return open_app(link(lesson="cost", step=step, **more), path="lab")


def sized(step: int, sizes: tuple[int, int, int, int], **more: object) -> AppTest:
    names = ("tokens", "cost_embeddings", "cost_heads", "cost_layers")
    return follow(step, **dict(zip(names, sizes, strict=True)), **more)


def press(at: AppTest, key: str) -> AppTest:
    (button,) = [each for each in open_popovers(at).button if each.key == key]
    return checked(button.click().run())


def rounded(megabytes: float) -> str:
    """Three digits, as people say it."""
    if megabytes >= 99.5 or megabytes == round(megabytes):
        return f"{megabytes:,.0f}"
    return f"{megabytes:.1f}" if megabytes >= 9.95 else f"{megabytes:.2f}"


@matrix(2, "sizes", SIZES)
def test_twice_as_many_tokens_have_four_times_as_many_pairs(
    sizes: tuple[int, int, int, int],
) -> None:
    tokens = sizes[0]
    told = said(sized(1, sizes, answer="four_times", revealed="true"))
    assert "You said: four times. So it is." in told
    assert f"{tokens:,} tokens have {tokens**2:,} pairs" in told
    assert f"{2 * tokens:,} tokens have {4 * tokens**2:,}." in told
    wrong = said(sized(1, sizes, answer="twice", revealed="true"))
    assert "You said: twice. It is: four times." in wrong
    assert "Your answer would be right for the feed-forward." in wrong


@matrix(2, "sizes", SIZES)
def test_attention_overtakes_at_twice_the_embedding(sizes: tuple[int, int, int, int]) -> None:
    # 4·E² + 2·L·E of attention a token against 8·E² of the feed-forward.
    embed_size = sizes[1]
    told = said(sized(2, sizes, answer=2 * embed_size, revealed="true"))
    assert f"and that is right: it is {2 * embed_size:,} tokens." in told
    near = said(sized(2, sizes, answer=round(2.35 * embed_size), revealed="true"))
    assert "and that is right" in near
    wrong = said(sized(2, sizes, answer=embed_size, revealed="true"))
    assert f"You said {embed_size:,} tokens. It is {2 * embed_size:,} tokens." in wrong
    assert f"would be right for an embedding of {embed_size / 2:,.0f}." in wrong


@matrix(2, "sizes", SIZES)
def test_the_maps_have_four_bytes_for_each_pair_in_each_head(
    sizes: tuple[int, int, int, int],
) -> None:
    tokens, _embed_size, heads, layers = sizes
    megabytes = 4 * layers * heads * tokens**2 / 1e6
    told = said(sized(3, sizes, answer=megabytes / 4, revealed="true"))
    assert f"It is {rounded(megabytes)} MB." in told
    # A quarter of the memory is for half as many tokens.
    assert f"would be right for {tokens / 2:,.0f} tokens." in told
    assert "L²" in told


@matrix(2, "sizes", SIZES)
def test_the_cache_has_a_key_and_a_value_of_each_token_in_each_layer(
    sizes: tuple[int, int, int, int],
) -> None:
    tokens, embed_size, _heads, layers = sizes
    megabytes = 2 * 4 * layers * embed_size * tokens / 1e6
    told = said(sized(4, sizes, answer=megabytes / 2, revealed="true"))
    assert f"It is {rounded(megabytes)} MB." in told
    assert f"would be right for {tokens / 2:,.0f} tokens." in told
    right = said(sized(4, sizes, answer=f"{megabytes:.4g}", revealed="true"))
    assert f"and that is right: it is {rounded(megabytes)} MB." in right


def test_the_lessons_own_numbers() -> None:
    assert "It is 1,024 tokens." in said(follow(2, revealed="true"))
    assert "It is 512 MB." in said(follow(3, revealed="true"))
    assert "It is 73.7 MB." in said(follow(4, revealed="true"))


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_before_it_is_revealed_only_the_sizes_are_sent(step: int) -> None:
    first, second = SIZES[0], (3000, 256, 8, 2)
    one, two = (sized(step, sizes) for sizes in (first, second))
    assert not one.get("plotly_chart")
    assert not one.dataframe
    sizes_of = [[part for part in sent(at) if "embedding size" in part] for at in (one, two)]
    assert all("1,000 tokens · embedding size 512 · 1 layer · 8 heads" in p for p in sizes_of[0])
    assert all("3,000 tokens · embedding size 256 · 2 layers · 8 heads" in p for p in sizes_of[1])
    others = [
        [part for part in sent(at) if not re.search("embedding size|NumberInput|TextInput", part)]
        for at in (one, two)
    ]
    assert others[0] == others[1]
    shown = [sent(sized(step, sizes, revealed="true")) for sizes in (first, second)]
    assert shown[0] != shown[1]


def test_only_what_the_step_unlocks_is_there() -> None:
    at = follow(1)
    assert [each.key for each in at.number_input] == ["tokens"]
    assert not [each for each in at.button if each.key in ("measure", "preset_scale")]
    assert at.caption[1].value == "1,000 tokens · embedding size 512 · 1 layer · 8 heads"


def test_another_number_of_tokens_is_asked_about_anew() -> None:
    at = follow(1, answer="twice", revealed="true")
    at = checked(control(at, "tokens").set_value(300).run())
    assert (value(at, "revealed"), value(at, "answer")) == (False, "")
    assert not at.get("plotly_chart")
    at = press(at, "reveal")
    assert "300 tokens have 90,000 pairs" in said(at)
    assert "Twice as many queries" not in said(at)  # that was of the lesson's own


def test_a_part_of_a_megabyte_can_be_said() -> None:
    at = sized(4, SIZES[3])
    at = checked(at.number_input[0].set_value(0.25).run())
    assert value(at, "answer") == "0.25"
    assert "It is 0.18 MB." in said(press(at, "reveal"))


@pytest.mark.parametrize("answer", ["-1", "nan", "1e999", "five", "<b>", "💡" * 500])
def test_a_hostile_answer_is_no_answer(answer: str) -> None:
    for step in (1, 2, 3, 4):
        at = follow(step, answer=answer, revealed="true")
        assert not at.exception
        assert "You said" not in said(at)


def test_sizes_that_cant_be_are_told_in_place() -> None:
    at = follow(2, cost_heads=7, revealed="true")
    assert any("Not compared" in each.value for each in at.error)
    assert not at.exception


def test_another_view_is_told() -> None:
    at = follow(1, view="mechanism")
    assert any("a lesson can show the view cost alone" in each.value for each in at.error)
    assert not notices(at)


def test_all_controls_and_the_whole_page_are_within_reach() -> None:
    at = press(follow(2), "explore_from_here")
    assert value(at, "view") == "cost"
    assert at.dataframe
    at = press(at, "back_to_lesson")
    assert not at.get("plotly_chart")
    at = press(at, "leave")
    assert not at.subheader
    assert value(at, "view") == "cost"


def measured(at: AppTest, state: str, **fields: object) -> CostRun:
    """In place of what the page measures, something in a state that it could have come to."""
    run: CostRun | None = own(at, LabMemory).cost_run
    assert run is not None
    run.cancel()
    made = CostRun(run.configs, run.lengths)
    made._state = state  # type: ignore[assignment]
    for name, field in fields.items():
        setattr(made, name, field)
    own(at, LabMemory).cost_run = made
    return made


def test_the_last_step_measures_and_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.pages.lab.cost_runs.line", lambda: Idle())
    at = follow(5)
    assert at.get("plotly_chart")
    at = press(at, "measure")
    dot = Measured(0, 64, 0.001, 1_000_000, Rates(1e10, 1e10, 1e9, 1e-4))
    made = measured(at, "running", results=(dot,))
    at = checked(at.run())
    (bar,) = at.get("progress")
    assert bar.proto.text.startswith("1 of ")
    assert steady(at) == ["cost_chart"]
    assert not [each for each in at.button if each.key == "measure"]
    made._state = "finished"
    at = checked(at.run())
    assert not at.get("progress")
    assert [each for each in at.button if each.key == "measure"]


def test_a_measurement_that_fails_says_so_and_can_be_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ui.pages.lab.cost_runs.line", lambda: Idle())
    at = press(follow(5), "measure")
    measured(at, "failed", error="the process ended")
    at = checked(at.run())
    assert [each.value for each in at.warning] == ["the process ended"]
    at = press(at, "try_again")
    assert not at.warning


def test_what_is_measured_says_nothing_of_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.pages.lab.cost_runs.line", lambda: Idle())
    at = press(follow(5), "measure")
    measured(at, "running")
    for _step in range(4):
        at = press(at, "way_back")
    assert not at.get("progress")
    at = press(at, "reveal")  # nor does an answer wait for it
    assert "It is: four times." in said(at)


class Idle:
    """A line in which nothing gets its turn."""

    def submit(self, run: CostRun) -> None:
        """Take it, and leave it."""

    def place(self, run: CostRun) -> int:
        """Return how many are before it."""
        return 0
