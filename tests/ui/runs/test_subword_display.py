"""Sub-words merged to words, and special tokens hidden: on Pretrained and by themselves."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from model.words import keep_tokens, merge_to_words
from tests.ui.helpers import (
    alt,
    array,
    change,
    chart,
    control,
    labels,
    masked,
    notices,
    numbers,
    send,
    stage_numbers,
    statistics,
    strip,
)
from tests.ui.pages.pretrained.helpers import (
    LONG,
    NAMES,
    as_drawn,
    captions,
    looked_at,
    needs_minilm,
    needs_smollm2,
    open_trained,
    run_model,
    tokens_of,
    weights_of,
)
from tests.ui.views.helpers import rollout
from ui.link.page import UNCHOSEN
from ui.pages.pretrained.display_sentences import describe_display
from ui.runs.subword_display import WHOLE, SubwordDisplay, SubwordSentences

pytestmark = [needs_minilm, needs_smollm2]

WORDS = ["Tokenization", "splits", "unbelievably", "long", "words", "into", "subwords", "."]
MERGED = (
    "Sub-words are merged to words: weights to a word are summed, from a word averaged (Clark et "
    "al., 2019)."
)
HIDDEN = "[CLS], [SEP] are hidden: rows show what is left, and don't sum to 1."
AT_REST = "[CLS], [SEP] are hidden, and each row is brought to a sum of 1 again."
ONE_BY_ONE = "Below, all tokens are shown, one by one, with the module's own numbers."
LAYER = 2


def opened(model: str = "minilm", **more: object) -> AppTest:
    return open_trained(model=NAMES[model], text=LONG, layer=LAYER, **more)


def whole(model: str = "minilm", layer: int = LAYER) -> torch.Tensor:
    """(H, L, L), zero where a decoder may not look."""
    return run_model(model, LONG)[1].trace.encoder_self[layer].weights[0]


def words_of(model: str) -> tuple[int, ...]:
    return run_model(model, LONG)[0][0].words


def without_ends(weights: torch.Tensor, *, renormalise: bool) -> torch.Tensor:
    """Without [CLS] and [SEP]."""
    inner = range(1, weights.shape[-1] - 1)
    return keep_tokens(weights, inner, inner, renormalise=renormalise)


@pytest.mark.parametrize("model", NAMES)
def test_sub_words_are_merged_by_summing_to_a_word_and_averaging_from_it(model: str) -> None:
    page = opened(model, words=True)
    merged = merge_to_words(whole(model), words_of(model))
    expected = as_drawn(model, merged.numpy())
    np.testing.assert_array_equal(numbers(page), expected)
    np.testing.assert_allclose(np.nansum(numbers(page), axis=2), 1, atol=1e-5)
    # By hand, of the first word, which is of two tokens:
    start = 1 if model == "minilm" else 0
    by_hand = whole(model)[:, start : start + 2, start : start + 2].sum(dim=(1, 2)) / 2
    np.testing.assert_allclose(np.array(numbers(page))[:, start, start], by_hand, rtol=1e-5)
    ends = (["[CLS]"], ["[SEP]"]) if model == "minilm" else ([], [])
    assert strip(page)["tokens"] == [*ends[0], *WORDS, *ends[1]]
    assert strip(page)["real"] == len(strip(page)["tokens"])
    assert captions(page) == [MERGED]
    assert notices(page) == []


def test_a_words_label_has_its_place_and_its_pieces() -> None:
    hover = labels(chart(opened(words=True))["layout"]["xaxis"])
    assert hover[:4] == [
        "[CLS] (position 0)",
        "Tokenization (position 1, piece token + ##ization)",
        "splits (position 3)",
        "unbelievably (position 4, piece un + ##bel + ##ie + ##va + ##bly)",
    ]
    assert labels(chart(opened("smollm2", words=True))["layout"]["xaxis"])[1] == (
        "splits (position 2, piece Ġsplits)"
    )


def test_without_special_tokens_rows_show_what_is_left() -> None:
    page = opened(special=False)
    expected = without_ends(whole(), renormalise=False)
    np.testing.assert_array_equal(numbers(page), expected)
    assert (expected.sum(-1) < 0.999).any()
    assert strip(page)["tokens"] == tokens_of("minilm", LONG)[1:-1]
    assert captions(page) == [HIDDEN]
    assert labels(chart(page)["layout"]["yaxis"])[0] == "token (position 1)"
    for stage, name in (("energy", "energy"), ("scores", "scores")):
        change(page, stage=stage)
        values = getattr(run_model("minilm", LONG)[1].trace.encoder_self[LAYER], name)[0]
        np.testing.assert_array_equal(numbers(page), values[:, 1:-1, 1:-1])


def test_rows_can_be_brought_to_a_sum_of_one_again() -> None:
    page = opened(special=False, rest=True)
    np.testing.assert_array_equal(numbers(page), without_ends(whole(), renormalise=True))
    np.testing.assert_allclose(np.array(numbers(page)).sum(-1), 1, atol=1e-6)
    assert captions(page) == [AT_REST]
    change(page, words=True)
    np.testing.assert_allclose(np.array(numbers(page)).sum(-1), 1, atol=1e-6)
    assert captions(page) == [f"{MERGED} {AT_REST}"]
    # With special tokens, there is nothing to bring back to 1.
    change(page, special=True, words=False)
    np.testing.assert_array_equal(numbers(page), weights_of("minilm", LONG, LAYER))
    assert captions(page) == []


def test_words_without_special_tokens_are_merged_of_what_is_left() -> None:
    page = opened(special=False, words=True)
    left = without_ends(whole(), renormalise=False)
    np.testing.assert_array_equal(numbers(page), merge_to_words(left, words_of("minilm")[1:-1]))
    assert strip(page)["tokens"] == WORDS
    assert captions(page) == [f"{MERGED} {HIDDEN}"]


def test_a_decoder_that_reads_no_special_tokens_hides_none() -> None:
    page = opened("smollm2", special=False, rest=True)
    np.testing.assert_array_equal(numbers(page), weights_of("smollm2", LONG, LAYER))
    assert captions(page) == []


@pytest.mark.parametrize("stage", ["qkv", "energy", "scores", "head_outputs", "output"])
def test_only_weights_are_merged(stage: str) -> None:
    page, apart = opened(words=True, stage=stage), opened(stage=stage)
    np.testing.assert_array_equal(numbers(page), numbers(apart))
    assert alt(page) == alt(apart)


@pytest.mark.parametrize("view", ["one head", "cell"])
def test_one_head_and_cell_stay_token_by_token_and_say_so(view: str) -> None:
    page = opened(words=True, special=False, view=view, head=3, q=2, k=5)
    apart = opened(view=view, head=3, q=2, k=5)
    key = "head_chart" if view == "one head" else "products_chart"
    assert chart(page, key) == chart(apart, key)
    assert captions(page) == [ONE_BY_ONE, f"{MERGED} {HIDDEN}"]
    if view == "one head":
        weights = array(chart(page, key)["data"][4]["z"])
        np.testing.assert_array_equal(weights, whole()[3])


def test_a_click_on_a_merged_cell_opens_the_cell_of_the_words_first_tokens() -> None:
    page = opened(words=True)
    sent = {"chart": "heads_chart", "tile": 7, "row": 3, "column": 1}
    send(page, "chart_clicks", "cell", sent)  # unbelievably -> Tokenization
    assert looked_at(page) == {"view": "cell", "layer": LAYER, "head": 7, "q": 4, "k": 1}
    assert "query 4 ` un ` attend to key 1 ` token `, in head 7" in page.markdown[1].value


def test_a_click_without_special_tokens_counts_them() -> None:
    page = opened(special=False)
    send(page, "chart_clicks", "cell", {"chart": "heads_chart", "tile": 0, "row": 0, "column": 13})
    assert looked_at(page) == {"view": "cell", "layer": LAYER, "head": 0, "q": 1, "k": 14}


def test_a_pick_of_a_word_chooses_its_first_token_and_a_token_its_word() -> None:
    page = opened(words=True, special=False)
    send(page, "strip", "pick", 2)
    assert looked_at(page)["q"] == 4  # un, of unbelievably
    assert strip(page)["chosen"] == 2
    change(page, q=7)  # ##va
    assert strip(page)["chosen"] == 2
    change(page, q=0)  # [CLS], which isn't shown
    assert strip(page)["chosen"] is None
    send(page, "strip", "pick", 8)  # there is none
    assert looked_at(page)["q"] is UNCHOSEN


def test_the_overviews_are_merged_too() -> None:
    page = opened(words=True, special=False, view="layers", overview="mean over heads")
    every = torch.stack([whole(layer=layer) for layer in range(6)])
    left = merge_to_words(without_ends(every, renormalise=False), words_of("minilm")[1:-1])
    np.testing.assert_allclose(numbers(page, "layers_chart"), left.mean(1), atol=1e-6)
    change(page, overview="rollout")  # of all tokens, which are merged at the end
    rolled = torch.from_numpy(rollout(every.numpy()))
    left = merge_to_words(without_ends(rolled, renormalise=False), words_of("minilm")[1:-1])
    np.testing.assert_allclose(numbers(page, "layers_chart"), left, atol=1e-6)
    change(page, overview="stream")  # each token has a vector of its own
    assert numbers(page, "stream_chart")[0].shape == (13, 14)
    lengths = run_model("minilm", LONG)[1].trace.encoder_stream[-1][0].norm(dim=-1)[1:-1]
    np.testing.assert_allclose(numbers(page, "stream_chart")[0][-1], lengths, rtol=1e-5)


def test_the_numbers_are_those_that_are_shown() -> None:
    page = opened(words=True, view="numbers")
    merged = merge_to_words(whole(), words_of("minilm")).numpy()
    np.testing.assert_array_equal(stage_numbers(page)["weight"], merged.reshape(-1))
    np.testing.assert_allclose(
        statistics(page)["largest_weight"], merged.max(axis=2).mean(axis=1), rtol=1e-6
    )
    assert "un" not in set(stage_numbers(page)["query_token"])


# The first token, where heads rest.

FIRST_HIDDEN = "The first token (Token) is hidden."
LEFT = "Rows show what is left, and don't sum to 1."
BROUGHT = "Each row is brought to a sum of 1 again."


def test_without_the_first_token_its_row_and_column_are_gone() -> None:
    page = opened("smollm2", first=False)
    expected = whole("smollm2")[:, 1:, 1:].numpy()
    allowed = np.tril(np.ones(expected.shape[1:], dtype=bool))
    np.testing.assert_array_equal(numbers(page), masked(expected, allowed))
    assert (expected.sum(-1) < 0.9).any()  # which rested on the first token
    assert strip(page)["tokens"] == tokens_of("smollm2", LONG)[1:]
    assert strip(page)["places"] == list(range(1, 12))
    assert captions(page) == [f"{FIRST_HIDDEN} {LEFT}"]
    change(page, stage="scores")
    scores = run_model("smollm2", LONG)[1].trace.encoder_self[LAYER].scores[0, :, 1:, 1:]
    np.testing.assert_array_equal(numbers(page), masked(scores.numpy(), allowed))


def test_what_is_left_of_a_row_without_the_first_token_can_be_brought_to_one() -> None:
    page = opened("smollm2", first=False, rest=True)
    weights = whole("smollm2").double().numpy()
    drawn = np.array(numbers(page))
    # By hand: the third token's weights to the second and to itself, over their sum.
    both = weights[:, 2, 1] + weights[:, 2, 2]
    np.testing.assert_allclose(drawn[:, 1, 0], weights[:, 2, 1] / both, rtol=1e-5)
    np.testing.assert_allclose(drawn[:, 1, 1], weights[:, 2, 2] / both, rtol=1e-5)
    np.testing.assert_allclose(drawn[:, 0, 0], 1)  # which may look at nothing else
    np.testing.assert_allclose(np.nansum(drawn, axis=2), 1, atol=1e-6)
    assert captions(page) == [f"{FIRST_HIDDEN} {BROUGHT}"]


def test_of_whole_words_the_first_word_is_hidden() -> None:
    page = opened("smollm2", first=False, words=True)
    # "Tokenization" is two tokens; the others merge as they would without it.
    left = whole("smollm2")[:, 2:, 2:]
    merged = merge_to_words(left, words_of("smollm2")[2:]).numpy()
    np.testing.assert_array_equal(numbers(page), as_drawn("smollm2", merged))
    assert strip(page)["tokens"] == WORDS[1:]
    assert captions(page) == [f"{MERGED} The first word (Tokenization) is hidden. {LEFT}"]


def test_where_the_first_token_is_special_it_is_hidden_alone_or_with_its_kind() -> None:
    page = opened(first=False)
    np.testing.assert_array_equal(numbers(page), whole()[:, 1:, 1:])
    assert captions(page) == [f"The first token ([CLS]) is hidden. {LEFT}"]
    change(page, special=False)
    np.testing.assert_array_equal(numbers(page), without_ends(whole(), renormalise=False))
    assert captions(page) == [HIDDEN]


def test_a_typed_special_token_and_the_first_can_both_be_hidden() -> None:
    text = "a b <|im_end|> c"
    page = open_trained(model="SmolLM2", text=text, special=False, first=False, layer=LAYER)
    assert strip(page)["tokens"] == ["␣b", "␣", "␣c"]
    said = "<|im\\_end|> are hidden, and so is the first token (a)."
    assert (
        captions(page)[-1].replace("\\<", "<").replace("\\|", "|").replace("\\>", ">")
        == f"{said} {LEFT}"
    )


def test_of_one_token_that_is_hidden_nothing_is_left_to_show() -> None:
    page = open_trained(model="SmolLM2", text="Hello", first=False)
    said = "All tokens of this sentence are hidden: the first one, or special ones."
    assert [box.value for box in page.info] == [said]
    assert control(page, "text").value == "Hello"


def test_one_head_and_cell_show_the_first_token_in_any_case() -> None:
    page = opened("smollm2", first=False, view="one head", head=3)
    np.testing.assert_array_equal(
        array(chart(page, "head_chart")["data"][4]["z"]), as_drawn("smollm2", whole("smollm2")[3])
    )
    assert captions(page) == [ONE_BY_ONE, f"{FIRST_HIDDEN} {LEFT}"]


def test_a_click_without_the_first_token_counts_it() -> None:
    page = opened("smollm2", first=False)
    send(page, "chart_clicks", "cell", {"chart": "heads_chart", "tile": 0, "row": 2, "column": 1})
    assert looked_at(page) == {"view": "cell", "layer": LAYER, "head": 0, "q": 3, "k": 2}


# By themselves.


def sentences(*texts: str) -> SubwordSentences:
    sides = run_model("minilm", *texts)[0]
    longest = max(map(len, sides))
    tokens = tuple((*side.shown, *["[PAD]"] * (longest - len(side))) for side in sides)
    return SubwordSentences(tokens, tuple(map(len, sides)), sides)


def test_padding_is_neither_a_word_nor_the_sentences_own() -> None:
    both = sentences("tokenization", "a much longer sentence than that")
    side = both.side(0, SubwordDisplay(merge_words=True))
    assert side.names == ("[CLS]", "tokenization", "[SEP]", *["[PAD]"] * 4)
    assert side.groups == [[0], [1, 2], [3], [4], [5], [6], [7]]
    assert both.own(0, SubwordDisplay(merge_words=True)).groups == [[0], [1, 2], [3]]
    assert both.side(0, SubwordDisplay(show_special=False)).groups == [[1], [2]]
    assert both.side(0, WHOLE).names[4:] == ("[PAD]",) * 4
    without_first = SubwordDisplay(show_first=False)
    assert both.side(0, without_first).groups == [[1], [2], [3], [4], [5], [6], [7]]
    assert both.own(0, without_first).groups == [[1], [2], [3]]
    assert both.own(0, SubwordDisplay(show_first=False, show_special=False)).groups == [[1], [2]]


def test_what_is_said_depends_on_what_is_hidden() -> None:
    sides = run_model("minilm", "a b")[0]
    assert describe_display(WHOLE, sides) == []
    assert describe_display(SubwordDisplay(renormalise=True), sides) == []
    nothing_merges = ["Every word of this text is one token: there is nothing to merge."]
    merged = SubwordDisplay(merge_words=True)
    assert describe_display(merged, sides) == nothing_merges
    assert describe_display(merged, run_model("minilm", "a tokenization")[0]) == [MERGED]
    hidden = SubwordDisplay(show_special=False)
    assert describe_display(hidden, sides) == [HIDDEN]
    assert describe_display(replace(hidden, renormalise=True), sides) == [AT_REST]
    assert describe_display(hidden, run_model("smollm2", "a b")[0]) == []
    every = run_model("minilm", "a b")[0] + run_model("smollm2", "Cats sat", "a b")[0]
    assert describe_display(SubwordDisplay(show_first=False), every) == [
        "The first token ([CLS], Cats, a) is hidden.", LEFT,
    ]  # fmt: skip
    both = SubwordDisplay(show_first=False, show_special=False, merge_words=True, renormalise=True)
    assert describe_display(both, every)[1:] == [
        "[CLS], [SEP] are hidden, and so is the first word (Cats, a).", BROUGHT,
    ]  # fmt: skip
