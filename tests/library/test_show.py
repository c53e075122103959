"""`show`: what it takes, what it says, and what it refuses."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.matrix import matrix

TOKENS = ["the", "cat", "sat"]


def weights(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.softmax(torch.randn(*shape, generator=generator), dim=-1)


def cells(page: Any, **options: Any) -> np.ndarray:
    """The numbers in the tiles of a figure, (tiles, rows, columns)."""
    return np.stack([trace.z for trace in page.figure(**options).data])


def ticks(page: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The labels at the axes of a layer's heads, of one head: rows and columns."""
    figure = page.figure("heads")
    return tuple(figure.layout.yaxis.ticktext), tuple(figure.layout.xaxis.ticktext)


BATCH = weights(2, 4, 3, 3)


@pytest.mark.parametrize(
    ("given", "layers"),
    [
        ((BATCH, BATCH), 2),
        ([BATCH[:1], BATCH[:1]], 2),
        ((BATCH[0], BATCH[0], BATCH[0]), 3),
        (BATCH, 1),
        (BATCH[0], 1),
        (BATCH.numpy(), 1),
        (torch.stack((BATCH, BATCH)), 2),
        ((BATCH[0].tolist(), BATCH[0].tolist()), 2),
    ],
    ids=["tuple", "list", "no batch", "tensor", "3-d", "numpy", "5-d", "lists"],
)
def test_it_takes_what_models_give(headlight: Any, given: Any, layers: int) -> None:
    page = headlight.show(given, TOKENS)
    assert f"{layers} layers of 4 heads, 3 queries × 3 keys" in repr(page)
    for layer in range(layers):
        np.testing.assert_array_equal(cells(page, layer=layer), BATCH[0].numpy())
    assert page.notes == ()


def test_a_sentence_of_a_batch_is_chosen(headlight: Any) -> None:
    page = headlight.show((BATCH,), TOKENS, sentence=1)
    np.testing.assert_array_equal(cells(page), BATCH[1].numpy())
    with pytest.raises(ValueError, match=r"one of the batch's 2, counted from 0; got 2"):
        headlight.show((BATCH,), TOKENS, sentence=2)
    with pytest.raises(ValueError, match=r"one of the batch's 1, counted from 0; got 1"):
        headlight.show((BATCH[0],), TOKENS, sentence=1)


def test_one_matrix_is_one_head(headlight: Any) -> None:
    page = headlight.show(torch.eye(3), TOKENS)
    np.testing.assert_array_equal(cells(page), np.eye(3)[None])


DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64, torch.bool]


@matrix(3, "dtype", DTYPES, ids=str)
def test_any_type_of_number_is_shown(headlight: Any, dtype: torch.dtype) -> None:
    eye = torch.eye(3).expand(1, 2, 3, 3).to(dtype)
    page = headlight.show((eye,), TOKENS)
    np.testing.assert_array_equal(cells(page), np.stack((np.eye(3), np.eye(3))))
    assert page.notes == ()


def test_gradients_strides_and_sparse_tensors_do_not_matter(headlight: Any) -> None:
    needs = weights(1, 2, 3, 3).requires_grad_()
    np.testing.assert_array_equal(
        cells(headlight.show((needs * 1,), TOKENS)), needs.detach().numpy()[0]
    )
    turned = BATCH.permute(0, 1, 3, 2)  # not contiguous
    np.testing.assert_array_equal(cells(headlight.show((turned,))), turned[0].numpy())
    sparse = torch.eye(3).expand(2, 3, 3).to_sparse()
    np.testing.assert_array_equal(cells(headlight.show((sparse,)))[1], np.eye(3))


def test_half_precision_sums_to_one_as_well_as_it_can(headlight: Any) -> None:
    many = weights(1, 2, 512, 512).bfloat16()
    assert headlight.show((many,)).notes == ()


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        (None, TypeError, "pass either attention, or encoder_attention"),
        ("weights", TypeError, "must be a tuple of tensors, one a layer"),
        ({"a": 1}, TypeError, "got dict"),
        ((), ValueError, "at least one layer, got none"),
        ((None, None), TypeError, r"attention\[0\] is None.*output_attentions=True"),
        (((BATCH, BATCH),), TypeError, r"attention\[0\] is a tuple of tensors.*generate"),
        ((torch.zeros(3),), ValueError, r"got the shape \(3,\)"),
        ((torch.zeros(1, 2, 0, 3),), ValueError, r"not empty; got the shape \(1, 2, 0, 3\)"),
        ((torch.zeros(1, 1, 1, 1, 1, 1),), ValueError, "got the shape"),
        ((torch.zeros(2, 3, 3, dtype=torch.complex64),), TypeError, "real numbers.*complex64"),
        ((torch.zeros(2, 3, 3, device="meta"),), ValueError, "on the device meta"),
        ((np.array([[["a"]]]),), TypeError, "of real numbers, got the type <U1"),
        ((object(),), TypeError, "of real numbers, got the type object"),
        (([[[0.5, 0.5], [1.0]]],), TypeError, "got list, of which NumPy makes none"),
    ],
)
def test_what_is_no_attention_is_refused(
    headlight: Any, given: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        headlight.show(given)


@pytest.mark.parametrize(
    ("tokens", "error", "says"),
    [
        (["a", "b"], ValueError, "got 2 tokens, and the queries of layer 0 are 3.*the first 2"),
        (list("abcd"), ValueError, "got 4 tokens, and the queries of layer 0 are 3.*the first 3"),
        ("the cat sat", TypeError, "got one text: pass tokenizer.tokenize"),
        ([1, 2, 3], TypeError, "got int: for ids pass tokenizer.convert_ids_to_tokens"),
        (3, TypeError, "a list of tokens, got int"),
    ],
)
def test_tokens_that_do_not_fit_are_refused(
    headlight: Any, tokens: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        headlight.show((BATCH,), tokens)


def test_tokens_are_written_for_people(headlight: Any) -> None:
    given = ["Ġcat", "▁sat", "on</w>"]
    assert ticks(headlight.show((BATCH[0, :1],), given))[1] == ("␣cat", "␣sat", "on")
    as_they_are = headlight.show((BATCH[0, :1],), given, prettify_tokens=False)
    assert ticks(as_they_are)[1] == ("Ġcat", "▁sat", "on&lt;/w&gt;")
    assert ticks(headlight.show((BATCH[0, :1],)))[1] == ("0", "1", "2")


def test_queries_may_be_other_tokens_than_keys(headlight: Any) -> None:
    page = headlight.show((weights(1, 1, 2, 3),), TOKENS, query_tokens=["der", "Hund"])
    assert ticks(page) == (("der", "Hund"), ("the", "cat", "sat"))


def test_an_encoder_decoder_has_three_kinds(headlight: Any) -> None:
    encoder, decoder, cross = weights(1, 2, 3, 3), weights(1, 2, 2, 2), weights(1, 2, 2, 3)
    page = headlight.show(
        encoder_attention=(encoder, encoder),
        decoder_attention=(decoder, decoder),
        cross_attention=(cross, cross),
        encoder_tokens=TOKENS,
        decoder_tokens=["der", "Hund"],
    )
    for kind, given in enumerate((encoder, decoder, cross)):
        np.testing.assert_array_equal(cells(page, kind=kind, layer=1), given[0].numpy())
    alone = headlight.show(
        cross_attention=(cross[:, :1],), encoder_tokens=TOKENS, decoder_tokens=["der", "Hund"]
    )
    assert ticks(alone) == (("der", "Hund"), ("the", "cat", "sat"))
    with pytest.raises(ValueError, match="decoder_tokens must be one a position: got 3 tokens"):
        headlight.show(cross_attention=(cross,), encoder_tokens=TOKENS, decoder_tokens=TOKENS)
    with pytest.raises(TypeError, match="got both"):
        headlight.show((encoder,), cross_attention=(cross,))


def test_layers_are_chosen_and_keep_their_numbers(headlight: Any) -> None:
    every = tuple(weights(1, 2, 3, 3, seed=seed) for seed in range(4))
    page = headlight.show(every, TOKENS, include_layers=[3, 1], layer=1, head=1)
    np.testing.assert_array_equal(cells(page, layer=0), every[3][0].numpy())
    assert list(page.figure("layers").layout.yaxis.ticktext) == ["Layer 3", "Layer 1"]
    with pytest.raises(ValueError, match=r"some of the 4 layers of attention.*got \[4\]"):
        headlight.show(every, TOKENS, include_layers=[4])
    with pytest.raises(ValueError, match=r"layer must be one that is shown.*got 0"):
        headlight.show(every, TOKENS, include_layers=[3, 1], layer=0)
    with pytest.raises(ValueError, match="head must be one of 2, counted from 0; got 2"):
        headlight.show(every, TOKENS, head=2)


def test_rows_that_do_not_sum_to_one_are_said_and_shown_as_they_are(headlight: Any) -> None:
    given = torch.tensor([[[0.5, 0.5], [0.2, 0.3]], [[1.0, 0.0], [0.0, 1.25]]])  # (H, Q, K)
    page = headlight.show((torch.full((2, 2, 2), 0.5), given), ["a", "b"])
    (note,) = page.notes
    assert note == (
        "2 of 8 rows don't sum to 1. The furthest sums to 0.5, at layer 1, head 0, query 1. "
        "They are shown as they are."
    )
    np.testing.assert_array_equal(cells(page, layer=1), given.numpy())
    assert note in page.html().replace("&#x27;", "'").replace("&#39;", "'").replace("\\u0027", "'")


def test_what_is_no_number_is_said_and_has_no_colour(headlight: Any) -> None:
    given = torch.tensor([[[0.5, 0.5], [float("nan"), 1.0]], [[float("inf"), 0.0], [0.5, 0.5]]])
    page = headlight.show((given,), ["a", "b"])
    (note,) = page.notes
    assert note == (
        "2 of 8 weights are NaN or infinite, the first at layer 0, head 0, query 1, key 0. "
        "They have no colour."
    )
    expected = np.array([[[0.5, 0.5], [np.nan, 1.0]], [[np.nan, 0.0], [0.5, 0.5]]])
    np.testing.assert_array_equal(cells(page), expected)
    assert page.figure("heads").layout.coloraxis.cmax == 1.0
    assert page.html()


def test_weights_below_zero_are_said(headlight: Any) -> None:
    (note,) = headlight.show((torch.tensor([[[1.5, -0.5], [0.0, 1.0]]]),), ["a", "b"]).notes
    assert note == "1 weights are below 0. The colours begin at 0."


def test_a_thousand_heads_are_shown(headlight: Any) -> None:
    page = headlight.show((weights(1, 1000, 8, 8),), list("abcdefgh"))
    assert len(page.figure("heads").data) == 1000
    assert len(page.html()) < 6_000_000


HOSTILE = [
    "</script><script>parent.hacked=1</script>",
    '"><img src=x onerror="parent.hacked=1">',
    "<b>bold</b>",
    "&lt;&quot;'`${1}",
    "\u202eright to left\x00\ud800",
    "]]>-->" + "x" * 5000,
]


class Frames(HTMLParser):
    """The elements of a cell's output, and what their attributes hold."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))


def test_hostile_tokens_stay_text(headlight: Any) -> None:
    page = headlight.show((weights(1, 2, len(HOSTILE), len(HOSTILE)),), HOSTILE, title=HOSTILE[0])
    bundle = page._repr_mimebundle_()
    frames = Frames()
    frames.feed(bundle["text/html"])
    ((tag, attributes),) = frames.found  # nothing has left the attribute
    assert tag == "iframe"
    assert attributes["srcdoc"] == page.html()
    assert attributes["sandbox"] == "allow-scripts allow-downloads"
    inner = Frames()
    inner.feed(page.html())
    assert "img" not in [tag for tag, _ in inner.found]
    assert "parent.hacked" not in re.sub(r"(\\u003c|&lt;)[^<]*", "", page.html())


def test_notebooks_are_given_a_frame_and_others_a_line(headlight: Any) -> None:
    page = headlight.show((BATCH,), TOKENS, height=500)
    bundle = page._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert bundle["text/plain"] == "<AttentionPage: 1 layers of 4 heads, 3 queries × 3 keys>"
    assert "height:500px" in bundle["text/html"]
    assert page._mime_() == ("text/html", bundle["text/html"])  # marimo
    assert page._repr_html_() == bundle["text/html"]


def test_a_page_is_saved(headlight: Any, tmp_path: Path) -> None:
    page = headlight.show((BATCH,), TOKENS)
    saved = page.save(tmp_path / "page.html")
    assert saved.read_text(encoding="ascii") == page.html()
    assert re.match(r"<!doctype html>", page.html(), re.IGNORECASE)


def test_figures_that_there_are_not_are_refused(headlight: Any) -> None:
    page = headlight.show((BATCH,), TOKENS)
    with pytest.raises(ValueError, match=r"stage must be one of \['weights'\], got 'scores'"):
        page.figure("heads", stage="scores")
    with pytest.raises(ValueError, match="view must be 'heads', 'head' or 'layers', got 'all'"):
        page.figure("all")
    with pytest.raises(ValueError, match="layer must be one of 1, counted from 0; got 1"):
        page.figure(layer=1)
    with pytest.raises(TypeError, match="head must be a whole number, got str"):
        page.figure("head", head="first")
    with pytest.raises(ValueError, match="needs two heads at least"):
        headlight.show(torch.eye(3)).figure("layers")


def test_a_trace_is_shown_with_its_steps(headlight: Any) -> None:
    from headlight.model.attention import SelfAttention
    from headlight.model.masks import causal_mask

    torch.manual_seed(0)
    module = SelfAttention(8, 2)
    x = torch.randn(1, 3, 8)
    trace = module.trace(x, x, x, causal_mask(3, 3))
    page = headlight.show((trace, trace), TOKENS)
    np.testing.assert_array_equal(cells(page, stage="energy"), trace.energy[0].detach().numpy())
    upper = np.triu(np.ones((3, 3), dtype=bool), 1)
    for stage in ("scores", "weights"):
        shown = cells(page, stage=stage)
        assert np.isnan(shown[:, upper]).all()
        expected = getattr(trace, stage)[0].detach().numpy()
        np.testing.assert_array_equal(shown[:, ~upper], expected[:, ~upper])
    assert len(page.figure("head", head=1).data) == 7  # Q, K, energy, scores, weights, V, output
    np.testing.assert_array_equal(cells(page, stage="output")[0], trace.output[0].detach().numpy())
    assert page.notes == ()
