"""The steps in which heads are removed: what the model itself makes of it, without the page."""

import numpy as np
from streamlit.testing.v1 import AppTest

from lessons.shelf import lessons
from tests.matrix import matrix
from tests.ui.helpers import link, open_app, type_text, value
from tests.ui.lesson.helpers import said
from tests.ui.pages.pretrained.helpers import needs_smollm2, run_model
from ui.runs.model_store import model_of

pytestmark = needs_smollm2
LIST = "red tree house fish lamp red tree house fish lamp"
TEXTS = (
    LIST,
    "cat sun box cup map cat sun box",
    "one two dog cat sun one two dog",
    "apple river stone cloud apple river stone",
)
ONE = frozenset({(18, 6)})
FOUR = frozenset({(17, 3), (17, 4), (17, 5), (18, 6)})


def follow(step: int, **more: object) -> AppTest:
    return open_app(link(lesson="trained", step=step, **more), path="pretrained")


def next_of(text: str, removed: frozenset[tuple[int, int]]) -> np.ndarray:
    """The probability of each token of the vocabulary to come next."""
    logits = run_model("smollm2", text, removed=removed)[1].next_logits
    assert logits is not None
    raised = np.exp(logits[0].double().numpy() - float(logits[0].max()))
    return np.asarray(raised / raised.sum())


@matrix(2, "text", TEXTS)
def test_without_one_head_it_is_what_the_model_says(text: str) -> None:
    before, after = next_of(text, frozenset()), next_of(text, ONE)
    best = int(before.argmax())
    becomes = "larger" if after[best] > before[best] else "smaller"
    if abs(after[best] - before[best]) <= 0.005:
        becomes = "it stays the same"
    told = said(follow(4, text=text, answer="larger", revealed="true"))
    assert f"It is: {becomes}." in told or (becomes == "larger" and "So it is." in told)
    assert f"{before[best]:.1%} with all heads, and {after[best]:.1%} after the removal." in told


@matrix(2, "text", TEXTS)
def test_without_all_four_it_is_what_the_model_says(text: str) -> None:
    before, after = next_of(text, frozenset()), next_of(text, FOUR)
    stays = before.argmax() == after.argmax()
    told = said(follow(5, text=text, revealed="true"))
    assert f"It is: {'yes' if stays else 'no'}." in told
    shown = model_of("smollm2").tokenizer.shown
    assert shown(int(before.argmax())) in told
    assert shown(int(after.argmax())) in told


def test_the_lessons_own_list_is_as_its_texts_say() -> None:
    whole, one, four = (next_of(LIST, removed) for removed in (frozenset(), ONE, FOUR))
    best = whole.argmax()
    assert model_of("smollm2").tokenizer.shown(int(best)) == "␣red"
    assert one[best] < whole[best] / 2  # it falls ...
    assert one.argmax() == best  # ... and stays the likeliest
    assert four.argmax() != best
    # The four look at the word after the last time, from each of the words that were said before.
    for layer, head in FOUR:
        weights = run_model("smollm2", LIST)[1].trace.encoder_self[layer].weights[0, head].numpy()
        assert np.mean([weights[place, place - 4] for place in range(5, 10)]) > 0.4


def test_the_removed_heads_are_the_steps_own() -> None:
    steps = lessons()["trained"].steps
    assert [step.state["removed"] for step in steps[3:]] == ["18.6", "17.3,17.4,17.5,18.6"]


def test_before_it_is_revealed_no_probability_is_sent() -> None:
    at = follow(4)
    assert not at.get("plotly_chart")
    assert not [each for each in at.button if str(each.key).startswith("write_")]
    assert "%" not in said(at)


def test_another_list_is_asked_about_anew() -> None:
    at = type_text(follow(4, answer="larger", revealed="true"), TEXTS[1])
    assert (value(at, "revealed"), value(at, "answer")) == (False, "")
    assert not at.get("plotly_chart")


def test_a_model_that_writes_nothing_is_told() -> None:
    at = follow(4, model="minilm", revealed="true")
    assert not at.exception
    assert "It is" not in said(at)
