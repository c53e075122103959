"""The lesson "Does attention explain?": what it claims, from the model itself without the page."""

import re
from functools import cache
from itertools import pairwise

import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor

from lessons.lesson import Step
from lessons.shelf import lessons
from model.interventions import AttentionChange, Changes, EdgeCut
from model.pretrained.base import ModelTrace
from tests.matrix import matrix
from tests.ui.helpers import link, open_app, type_text, value
from tests.ui.lesson.helpers import said
from tests.ui.pages.pretrained.helpers import (
    MARY,
    loaded,
    needs_smollm2,
    only_token,
    run_model,
    tokens_of,
)
from ui.text.markdown import without_markup

pytestmark = needs_smollm2
LAYERS, HEADS, LAST = 30, 9, 13
WHEN, MARYS, JOHNS, DRINK = 0, 1, 9, 12  # places in the sentence
LISA = "When Lisa and Tom sat down for lunch, Tom passed the bread to"
STRIKING, AGAINST_HER, DULL, WRITER = (25, 2), (24, 4), (1, 5), (23, 3)
WORDS = {"When": WHEN, "Mary": MARYS, "John": JOHNS, "drink": DRINK}


def follow(step: int, **more: object) -> AppTest:
    return open_app(link(lesson="explain", step=step, **more), path="pretrained")


def step_of(number: int) -> Step:
    return lessons()["explain"].steps[number - 1]


@cache
def next_of(text: str, *removed: tuple[int, int]) -> Tensor:
    """The probability of each token of the vocabulary to come next."""
    logits = run_model("smollm2", text, removed=frozenset(removed))[1].next_logits
    assert logits is not None
    return logits[0].double().softmax(0)


@cache
def next_without_edges(keys: tuple[int, ...], layers: tuple[int, ...]) -> Tensor:
    """The same of Mary's sentence, where its last token can't look at some, in any head."""
    (side,), _whole = run_model("smollm2", MARY)
    change = AttentionChange(cuts=tuple(EdgeCut(0, None, LAST, key) for key in keys))
    changes = Changes(dict.fromkeys(layers, change))
    logits = loaded("smollm2").run(torch.tensor([side.ids]), [14], changes=changes).next_logits
    assert logits is not None
    return logits[0].double().softmax(0)


def weights() -> Tensor:
    """The last token's weights, (layers, H, keys)."""
    trace = run_model("smollm2", MARY)[1].trace.encoder_self
    return torch.stack([layer.weights[0, :, LAST] for layer in trace])


def mary() -> int:
    return only_token("smollm2", " Mary")


def share_without(*removed: tuple[int, int]) -> float:
    return float(next_of(MARY, *removed)[mary()])


def percents(text: str) -> list[int]:
    return [int(found) for found in re.findall(r"(\d+) ?%", text)]


def lead_of(part: Tensor) -> float:
    """What a part of the last vector adds to Mary's logit less John's.

    The output layer has the embedding's own rows, and the final norm divides by one number, and
    multiplies by its weights: it does to each part what it does to the whole.
    """
    trace = run_model("smollm2", MARY)[1].trace
    rows = trace.encoder_stream[0][0].double()
    scale = trace.output[0, LAST].double() / trace.encoder_stream[-1][0, LAST].double()
    return float(((rows[MARYS] - rows[JOHNS]) * scale) @ part.double())


def without(head: tuple[int, int]) -> ModelTrace:
    """Mary's sentence without a head; not kept, since there are many."""
    (side,), _whole = run_model("smollm2", MARY)
    removed = frozenset({head})
    return loaded("smollm2").run(torch.tensor([side.ids]), [14], removed=removed)


def lead_by(head: tuple[int, int], missing: ModelTrace) -> float:
    """What a head adds by itself: what is missing where its layer's attention has been added."""
    place = 2 * head[0] + 1
    now, before = (
        trace.encoder_stream[place][0, LAST]
        for trace in (missing.trace, run_model("smollm2", MARY)[1].trace)
    )
    return lead_of(before - now)


def test_the_model_is_sure_of_mary() -> None:
    assert next_of(MARY).argmax() == mary()
    assert share_without() == pytest.approx(0.923, abs=0.0005)
    assert "It is 92.3%." in said(follow(1, revealed="true"))


def test_a_striking_weight_is_missed_by_nobody() -> None:
    row = weights()[STRIKING]
    assert row.argmax() == JOHNS
    (claimed,) = percents(step_of(3).then)
    assert round(100 * float(row[JOHNS])) == claimed == 79
    assert abs(share_without(STRIKING) - share_without()) < 0.001
    told = said(follow(3, answer="smaller", revealed="true"))
    assert "You said: falls. It is: stays as it is." in told
    assert f"{share_without():.1%} with all heads, and {share_without(STRIKING):.1%}" in told


def test_the_head_that_looks_at_her_most_works_against_her() -> None:
    of_her = weights()[:, :, MARYS]
    assert divmod(int(of_her.argmax()), HEADS) == AGAINST_HER
    assert [round(100 * float(of_her.max()))] == percents(step_of(4).text) == [81]
    assert share_without(AGAINST_HER) > share_without() + 0.05
    assert "It is: grows." in said(follow(4, revealed="true"))


def test_a_dull_head_is_missed_most_of_all() -> None:
    row = weights()[DULL]
    assert round(float(row[LAST]), 1) == 0.5
    article = tokens_of("smollm2", MARY).index("␣a")
    assert [round(100 * float(row[article]))] == percents(step_of(5).text) == [22]
    assert max(row[MARYS], row[3], row[JOHNS]) < 0.01
    assert share_without(DULL) == pytest.approx(0.654, abs=0.0005)
    told = said(follow(5, answer="same", revealed="true"))
    assert "You said: stays as it is. It is: falls." in told


@pytest.mark.matrix
@pytest.mark.parametrize("layer", range(LAYERS))
def test_no_other_head_is_missed_more_or_adds_more(layer: int) -> None:
    most = lead_by(WRITER, without(WRITER))
    for head in range(HEADS):
        missing = without((layer, head))
        assert missing.next_logits is not None
        share = float(missing.next_logits[0].double().softmax(0)[mary()])
        assert share > share_without(DULL) or (layer, head) == DULL
        assert lead_by((layer, head), missing) < most or (layer, head) == WRITER


def test_the_smallest_weight_is_the_edge_that_matters() -> None:
    means = weights().mean(dim=(0, 1))
    keys = [WORDS[word] for word in ("When", "drink", "John", "Mary")]
    assert [round(100 * float(means[key])) for key in keys] == percents(step_of(6).text)
    every = tuple(range(LAYERS))
    alone = {word: float(next_without_edges((at,), every)[mary()]) for word, at in WORDS.items()}
    assert alone["Mary"] < alone["John"] < alone["drink"] < share_without() < alone["When"]
    assert max(abs(share - share_without()) for share in alone.values()) == pytest.approx(
        share_without() - alone["Mary"]
    )
    at_once = next_without_edges((WHEN, MARYS, JOHNS, DRINK), every)
    assert at_once.argmax() == only_token("smollm2", " John")
    told = said(follow(6, answer="first", revealed="true"))
    assert "You said: When. It is: Mary." in told
    for word, share in alone.items():
        assert re.search(rf"→ ␣?{word}( ·9)? {share:.1%}", without_markup(told)), told


def test_feed_forwards_write_most_of_her_lead() -> None:
    run = run_model("smollm2", MARY)[1]
    assert run.next_logits is not None
    stream = [vectors[0, LAST].double() for vectors in run.trace.encoder_stream]
    assert len(stream) == 1 + 2 * LAYERS
    steps = [lead_of(after - before) for before, after in pairwise(stream)]
    heads, forwards, embedding = sum(steps[::2]), sum(steps[1::2]), lead_of(stream[0])
    lead = run.next_logits[0, mary()] - run.next_logits[0, only_token("smollm2", " John")]
    assert heads + forwards + embedding == pytest.approx(float(lead), abs=1e-3)
    assert forwards > heads > embedding
    told = said(follow(7, answer="heads", revealed="true"))
    assert "You said: heads. It is: feed-forwards." in told
    assert (
        f"less that of ␣John, heads add {heads:.2f}, feed-forwards {forwards:.2f} and the "
        f"embedding {embedding:.2f}."
    ) in without_markup(told)


def test_the_writer_looks_at_john_and_the_head_that_looks_at_her_takes_away() -> None:
    assert weights()[WRITER].argmax() == JOHNS
    assert lead_by(WRITER, without(WRITER)) > 2
    assert lead_by(AGAINST_HER, without(AGAINST_HER)) < -1
    assert abs(lead_by(DULL, without(DULL))) < 0.1


def test_a_model_that_cant_be_taken_apart_is_told() -> None:
    at = follow(7, model="minilm", revealed="true")
    assert not at.exception
    assert "It is" not in said(at)


def test_edges_that_a_sentence_hasnt_arent_asked_about() -> None:
    told = said(follow(6, text="Mary gave", revealed="true"))
    assert "That can't be asked of this sentence, or of this model." in told


def test_one_layer_carries_half_of_her_as_the_end_says() -> None:
    one = float(next_without_edges((MARYS,), (23,))[mary()])
    assert 0.45 < one / share_without() < 0.55  # half of her is gone
    assert not follow(9).exception


def test_in_another_sentence_the_answer_changes() -> None:
    before, after = next_of(LISA), next_of(LISA, DULL)
    assert before.argmax() == only_token("smollm2", " Lisa")
    assert after.argmax() != before.argmax()
    assert "It is: no." in said(follow(8, revealed="true"))


@matrix(1, "text", ("The capital of France is", "When Tom and Anna went to the park, Tom met"))
def test_a_sentence_of_ones_own_is_asked_about_anew(text: str) -> None:
    at = type_text(follow(8, answer="no", revealed="true"), text)
    assert (value(at, "revealed"), value(at, "answer")) == (False, "")
    stays = next_of(text).argmax() == next_of(text, DULL).argmax()
    assert f"It is: {'yes' if stays else 'no'}." in said(follow(8, text=text, revealed="true"))


@pytest.mark.parametrize("step", [1, 3, 4, 5, 6, 7, 8])
def test_before_it_is_revealed_nothing_of_the_truth_is_sent(step: int) -> None:
    at = follow(step)
    assert not at.get("plotly_chart")
    assert "It is" not in said(at)
    assert len(re.findall(r"\d ?%", said(at))) == len(percents(step_of(step).text))
