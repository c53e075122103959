"""Attention from a file: opened, looked at in all views that it allows, downloaded, compared."""

import base64
import gc
import io
import re
from functools import cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from streamlit.testing.v1 import AppTest

from model.trace_file import read_trace_file
from tests.matrix import matrix
from tests.model.trace_file.files import npz, rows, vectors
from tests.ui.conftest import Download
from tests.ui.helpers import (
    alt,
    captions,
    change,
    checked,
    control,
    go_to,
    is_drawn,
    labels,
    notices,
    numbers,
    open_app,
    open_popovers,
    stage_numbers,
    statistics,
    strip,
    value,
)
from tests.ui.link.hostile import HOSTILE as HOSTILE_TEXTS
from tests.ui.link.hostile import in_all
from tests.ui.pages.pretrained.helpers import needs_minilm, open_trained
from ui.pages.pretrained.file_memory import FileMemory
from ui.runs import trace_file
from ui.runs.trace_file import kept_bytes, stem_of

TOKENS = ["the", "cat", "sat", "down"]
WEIGHTS = rows(2, 3, 4, 4)  # layers, heads


def upload(page: AppTest, data: bytes, name: str = "mine.npz") -> AppTest:
    (uploader,) = open_popovers(page).file_uploader
    uploader.set_value((name, data, "application/octet-stream"))
    return checked(page.run())


def opened(query: str = "", **arrays: object) -> AppTest:
    """Pretrained with a file that has these arrays."""
    return upload(open_trained(query, from_file="true"), npz(**arrays))


def badge(page: AppTest) -> str:
    return next(m.value for m in page.markdown if m.value.startswith("**Headlight**"))


def memory(page: AppTest) -> FileMemory:
    own: FileMemory = page.session_state["_session"].own[FileMemory]
    return own


@cache
def steps() -> dict[str, np.ndarray]:
    """Queries, keys and values of two layers of three heads, causal."""
    return {
        "q": vectors(2, 3, 4, 8),
        "k": vectors(2, 3, 4, 8, seed=1),
        "v": vectors(2, 3, 4, 8, seed=2),
        "mask": np.tril(np.ones((4, 4), dtype=bool)),
    }


def test_a_link_says_that_the_file_is_not_in_it() -> None:
    page = open_trained("view=layers&layer=1&head=2", from_file="true")
    (info,) = page.info
    assert "which isn't in the link: open the file here" in info.value
    assert len(page.file_uploader) == 1
    assert not page.error
    assert not page.get("plotly_chart")
    upload(page, npz(weights=WEIGHTS, tokens=TOKENS))
    assert not page.info
    assert page.get("plotly_chart")


def test_what_the_link_says_stays() -> None:
    page = opened("view=layers&overview=mean_heads&layer=1&head=2", weights=WEIGHTS, tokens=TOKENS)
    assert (value(page, "view"), value(page, "overview")) == ("layers", "mean_heads")
    assert (value(page, "layer"), value(page, "head")) == (1, 2)


@matrix(2, "name", HOSTILE_TEXTS)
def test_a_strangers_text_in_every_parameter_gives_a_valid_page(name: str) -> None:
    asked = in_all("pretrained", HOSTILE_TEXTS[name].encode(errors="replace").decode())
    page = open_trained(**{**asked, "from_file": "true"})
    assert not page.error
    upload(page, npz(weights=WEIGHTS, tokens=TOKENS))
    assert not page.error
    assert page.get("plotly_chart") or value(page, "view") == "numbers"


def test_a_file_is_one_of_the_models() -> None:
    page = open_trained()
    change(page, model="from_file")
    assert value(page, "from_file") is True
    assert value(page, "model") == "minilm"
    upload(page, npz(weights=WEIGHTS, tokens=TOKENS))
    assert not is_drawn(page, "text")
    assert not is_drawn(page, "words")
    change(page, model_after_file="minilm")
    assert value(page, "from_file") is False
    assert is_drawn(page, "text")


def test_weights_are_shown_as_they_are() -> None:
    page = opened(weights=WEIGHTS, tokens=TOKENS)
    assert "**weights from a file**, mine, not computed here: 2 layers × 3 heads" in badge(page)
    assert "weights only: the rest isn't known" in badge(page)
    assert np.array_equal(np.array(numbers(page)), WEIGHTS[0])
    change(page, layer=1)
    assert notices(page) == []
    read = next(m.help for m in page.markdown if m.value == "**From a file**: mine")
    assert read.startswith("The first axis of weights")
    assert "is read as layers" in read
    data = strip(page)
    fractions = np.frombuffer(base64.b64decode(data["weights"]), "<u2").reshape(4, 4)
    np.testing.assert_allclose(fractions / 65535, WEIGHTS[1].mean(0), atol=1e-5)
    assert data["tokens"] == TOKENS


def test_only_what_is_there_can_be_chosen() -> None:
    page = opened(weights=WEIGHTS, tokens=TOKENS)
    assert control(page, "view").options == ["all heads", "one head", "layers", "numbers"]
    assert control(page, "stage").options == ["weights"]
    change(page, view="layers")
    assert len(control(page, "overview").options) == 4  # no residual stream
    page = opened(**steps(), tokens=TOKENS)
    assert control(page, "view").options == ["all heads", "one head", "cell", "layers", "numbers"]
    assert len(control(page, "stage").options) == 6  # no output, and no matrix


@pytest.mark.parametrize("view", ["heads", "head", "cell", "layers", "numbers"])
@pytest.mark.parametrize("content", ["weights", "steps"])
def test_every_view_of_every_content(view: str, content: str) -> None:
    arrays = steps() if content == "steps" else {"weights": WEIGHTS}
    page = opened(f"view={view}&head=1&q=2&k=1", **arrays, tokens=TOKENS)
    assert not page.error
    if content == "weights" and view == "cell":
        assert any("The file has no “cell”; showing “all heads”." in n for n in notices(page))
    elif view not in ("numbers", "cell"):
        assert page.get("plotly_chart")


@pytest.mark.parametrize("overview", ["every_head", "mean_heads", "mean_layers", "rollout"])
def test_every_overview(overview: str) -> None:
    page = opened(f"view=layers&overview={overview}", weights=WEIGHTS, tokens=TOKENS)
    assert not page.error
    assert page.get("plotly_chart")


@pytest.mark.parametrize("view", ["heads", "head", "layers", "numbers", "next"])
@pytest.mark.parametrize("content", ["weights", "steps"])
def test_a_class_sees_it_too(view: str, content: str) -> None:
    page = open_trained(f"from_file=true&present=true&view={view}&head=1&q=2&k=1")
    assert "which isn't in the link" in page.info[0].value
    upload(page, npz(**(steps() if content == "steps" else {"weights": WEIGHTS}), tokens=TOKENS))
    assert not page.error


def test_a_stream_is_not_in_a_file() -> None:
    page = opened("view=layers&overview=stream", weights=WEIGHTS, tokens=TOKENS)
    assert value(page, "overview") == "every_head"
    assert any("The file has no “" in line for line in notices(page))


def test_queries_and_keys_are_computed_and_compared() -> None:
    page = opened(**steps(), tokens=TOKENS)
    said = badge(page)
    assert "**queries and keys from a file**, mine: 2 layers × 3 heads" in said
    assert "energies ÷ √8" in said
    (difference,) = re.findall(r":green-badge.*difference from PyTorch: (\S+)\]", said)
    assert float(difference) < 1e-5
    q, k, v, mask = map(torch.from_numpy, steps().values())
    expected = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    change(page, view="numbers", stage="head_outputs")
    shown = stage_numbers(page)
    np.testing.assert_allclose(shown.iloc[:, -1], expected[0].numpy().ravel(), atol=1e-5)


def test_wrong_weights_are_found_out() -> None:
    page = opened(q=vectors(1, 4, 8), k=vectors(1, 4, 8), weights=rows(1, 4, 4), tokens=TOKENS)
    assert ":red-badge" in badge(page)


def test_weights_of_16_bits_are_not_called_wrong() -> None:
    q = vectors(1, 4, 8)
    weights = torch.softmax(torch.from_numpy(q @ q.swapaxes(1, 2)) / 8**0.5, -1).half().numpy()
    page = opened(q=q, k=q, weights=weights, tokens=TOKENS)
    assert ":green-badge" in badge(page)


def test_without_values_there_is_no_output() -> None:
    q = vectors(1, 4, 8)
    page = opened("view=head", q=q, k=q, tokens=TOKENS)
    assert ":green-badge" in badge(page)
    assert control(page, "stage").options == ["energy", "scores", "weights"]
    assert page.get("plotly_chart")
    assert not page.error


def test_sentences_can_be_chosen() -> None:
    weights = rows(2, 3, 4, 4)
    page = opened(weights=weights, tokens=[TOKENS, ["a", "b", "c", ""]])
    assert control(page, "sentence").options == ["1", "2"]
    change(page, sentence=2)
    data = strip(page)
    assert data["real"] == 3
    assert data["tokens"] == ["a", "b", "c", "[PAD]"]


def test_an_encoder_and_a_decoder() -> None:
    page = opened(
        "kind=cross",
        encoder_self_weights=rows(2, 1, 3, 4, 4),
        decoder_self_weights=rows(1, 3, 2, 2),
        cross_weights=rows(1, 3, 2, 4),
        source_tokens=TOKENS,
        target_tokens=["le", "chat"],
    )
    assert value(page, "kind") == "cross"
    assert "of 2 × 4 cells" in alt(page)
    change(page, kind="decoder_self")
    assert strip(page)["tokens"] == ["le", "chat"]
    change(page, kind="encoder_self", layer=1)
    assert strip(page)["tokens"] == TOKENS
    assert not page.error


def test_cross_attention_alone() -> None:
    page = opened(weights=rows(1, 2, 4), tokens=["le", "chat"], key_tokens=TOKENS)
    assert "of 2 × 4 cells" in alt(page)
    for view in ("head", "layers", "numbers"):
        change(page, view=view)
        assert not page.error


def test_layers_of_other_shapes_are_said() -> None:
    page = opened(
        layer_0_weights=rows(2, 4, 4), layer_1_weights=rows(3, 4, 4), layer_2_weights=rows(2, 4, 4)
    )
    assert "2 layers × 2 heads" in badge(page)
    assert any(line.startswith("1 layer has other numbers of heads") for line in notices(page))


def test_a_thousand_heads() -> None:
    page = opened(weights=rows(1000, 3, 3), tokens=["a", "b", "c"])
    assert "128 heads" in badge(page)
    assert "The file has 1,000 heads a layer: the first 128 are shown." in notices(page)
    for view in ("head", "layers", "numbers"):
        change(page, view=view)
        assert not page.error


def test_more_tokens_and_sentences_than_there_is_room_for() -> None:
    weights = np.tile(np.eye(600, dtype=np.float32), (1, 1, 1))
    page = opened(weights=weights)
    assert "The file has 600 tokens a sentence: the first 512 are shown." in notices(page)
    page = opened(weights=rows(6, 1, 2, 2), tokens=[["a", "b"]] * 6)
    assert "The file has 6 sentences: the first 4 are shown." in notices(page)


def test_numbers_that_are_none_leave_a_gap() -> None:
    weights = rows(2, 4, 4)
    weights[1, 2, 3] = np.nan
    weights[0, 0, 0] = np.inf
    page = opened(weights=weights, tokens=TOKENS)
    assert any("2 numbers are not finite" in line for line in notices(page))
    for view in ("head", "layers", "numbers", "heads"):
        change(page, view=view)
        assert not page.error
    change(page, view="layers", overview="rollout")
    assert not page.error


def test_every_number_may_be_none() -> None:
    page = opened(weights=np.full((2, 4, 4), np.nan), tokens=TOKENS)
    for view in ("heads", "head", "layers", "numbers"):
        change(page, view=view)
        assert not page.error


def test_rows_that_do_not_sum_to_one_are_shown_as_they_are() -> None:
    page = opened("view=numbers", weights=2 * rows(2, 4, 4), tokens=TOKENS)
    assert "Weights below 0 or above 1 have no row of words that shows them." in captions(page)
    assert any("8 of 8 rows of weights don't sum to 1, but to 2 to 2" in n for n in notices(page))
    np.testing.assert_allclose(stage_numbers(page)["weight"].sum(), 16, rtol=1e-5)
    assert len(statistics(page)) == 2


HOSTILE = [
    "<script>alert(1)</script>",
    "**b** $x$ :red[x]",
    "\u202e\u0000[a](javascript:1)",
    "🧡" * 99,
]


def test_hostile_tokens_and_names_are_shown_as_they_are_spelt() -> None:
    page = opened(weights=rows(1, 4, 4), tokens=HOSTILE)
    shown = chart_labels(page)
    assert any("&lt;script&gt;" in label for label in shown)
    assert not any("<script" in label for label in shown)
    name = "../**x** <img src=x onerror=alert(1)>.npz"
    page = upload(open_trained(from_file="true"), npz(weights=rows(1, 4, 4), tokens=HOSTILE), name)
    assert "<" not in badge(page)
    page = upload(open_trained(from_file="true"), b"nothing", name)
    (error,) = page.error
    assert "\\<img" in error.value
    assert "**x**" not in error.value


def chart_labels(page: AppTest) -> list[str]:
    from tests.ui.helpers import chart

    layout = chart(page)["layout"]
    return [label for key in layout if key.startswith("xaxis") for label in labels(layout[key])]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("run.npz", "run"),
        ("/home/me/secret/run 1.npz", "run_1"),
        (r"C:\Users\me\run.npz", "run"),
        ("…", "file"),
        ("x" * 300, "x" * 60),
        ("a\0b/../..npz", "file"),
    ],
)
def test_names_of_files_hold_nobodys_path(name: str, stem: str) -> None:
    assert stem_of(name) == stem


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is no .npz, or only a part of one"),
        (npz(tokens=TOKENS), "the file has no attention in it"),
        (npz(weights=np.array([None])), "Python objects, which could run code"),
        (npz(weights=np.zeros((0, 3, 3))), "weights is empty"),
    ],
)
def test_what_is_no_file_of_attention_is_refused_in_place(data: bytes, message: str) -> None:
    page = upload(open_trained(from_file="true"), data)
    (error,) = page.error
    assert error.value.startswith("mine.npz can't be opened: ")
    assert message in error.value
    upload(page, npz(weights=WEIGHTS, tokens=TOKENS))
    assert not page.error
    upload(page, data)  # the one that is open stays
    assert "**weights from a file**" in badge(page)
    open_popovers(page)
    assert len(page.error) == 1


def test_a_server_has_room_for_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    gc.collect()
    monkeypatch.setattr(trace_file, "MOST_OF_ALL", kept_bytes() + WEIGHTS.nbytes + 100)
    page = opened(weights=WEIGHTS, tokens=TOKENS)
    other = upload(open_trained(from_file="true"), npz(weights=WEIGHTS, tokens=TOKENS))
    (error,) = other.error
    assert "there is no room for this one at the moment" in error.value
    assert not page.error


def test_a_file_that_goes_gives_its_bytes_back() -> None:
    gc.collect()
    before = kept_bytes()
    page = opened(weights=WEIGHTS, tokens=TOKENS)
    assert kept_bytes() == before + WEIGHTS.nbytes
    upload(page, npz(weights=WEIGHTS[:1], tokens=TOKENS))
    gc.collect()
    assert kept_bytes() == before + WEIGHTS.nbytes // 2
    del page
    gc.collect()
    assert kept_bytes() == before


def test_a_file_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened(**steps(), tokens=TOKENS)
    monkeypatch.setattr(trace_file, "read_trace_file", None)
    monkeypatch.setattr(trace_file, "run_of", None)
    run = memory(page).file.run  # type: ignore[union-attr]
    for layer in (1, 0):
        change(page, layer=layer)
        assert memory(page).file.run is run  # type: ignore[union-attr]
    go_to(page, "explore")
    go_to(page, "pretrained")
    assert "from a file" in badge(page)


def test_a_download_is_a_file_again(download: Download) -> None:
    page = opened(**steps(), tokens=TOKENS)
    name, data = download("download_npz")
    assert name == "headlight_trace_mine.npz"
    first = memory(page).file
    assert first is not None
    again = read_trace_file(data)
    for a, b in zip(
        first.content.layers["encoder_self"], again.layers["encoder_self"], strict=True
    ):
        assert torch.equal(a.weights, b.weights)
        assert a.head_outputs is not None
        assert b.head_outputs is not None
        assert torch.equal(a.head_outputs, b.head_outputs)
        assert (a.divisor, a.query_tokens) == (b.divisor, b.query_tokens)
    name, _csv = download("download_trace")
    assert name == "headlight_trace_mine_layer_0.csv"


def test_weights_alone_can_be_downloaded(download: Download) -> None:
    opened(weights=WEIGHTS, tokens=TOKENS)
    _name, data = download("download_npz")
    with np.load(io.BytesIO(data)) as arrays:
        assert np.array_equal(arrays["weights"][:, 0], WEIGHTS)
        assert "mask" not in arrays
        assert "queries" not in arrays
    _name, csv = download("download_trace")
    assert csv.count(b"\n") == 1 + WEIGHTS[0].size


@needs_minilm
def test_what_the_app_writes_it_reads(download: Download) -> None:
    open_trained(text="I like cats")
    _name, data = download("download_npz")
    page = upload(open_trained(from_file="true"), data)
    assert ":green-badge" in badge(page)
    assert "6 layers × 12 heads" in badge(page)
    assert notices(page) == []
    assert strip(page)["tokens"] == ["[CLS]", "i", "like", "cats", "[SEP]"]
    change(page, view="head")
    assert not page.error


def test_an_encoder_and_decoder_of_the_app(download: Download) -> None:
    open_app("text=one%20two&text2=eins&layers=2", path="encoder-decoder")
    _name, data = download("download_npz")
    page = upload(open_trained(from_file="true"), data)
    assert ":green-badge" in badge(page)
    assert notices(page) == []
    for kind in ("cross", "decoder_self", "encoder_self"):
        change(page, kind=kind)
        assert not page.error


# Compare


def compare(a: str, b: str = "explore") -> AppTest:
    return open_app(f"a={a}&b={b}", path="compare")


def test_compare_says_that_a_file_is_not_here() -> None:
    page = compare("pretrained%3Ffrom_file%3Dtrue")
    assert any("The file isn't in the link" in error.value for error in page.error)
    assert page.get("plotly_chart")  # the other side


def test_compare_takes_a_file_as_a_side() -> None:
    page = opened(weights=rows(8, 4, 4), tokens=TOKENS)
    page.query_params = {"a": "pretrained?from_file=true", "b": "explore?text=the cat sat down"}
    from streamlit.util import calc_hash

    page._page_hash = calc_hash("compare")
    checked(page.run())
    assert not page.error
    assert any("**weights from a file**, mine" in m.value for m in page.markdown)
    assert control(page, "stage").options == ["weights"]
    change(page, side="a")
    assert not is_drawn(page, "a_text")
    for view in ("head", "divergence", "numbers"):
        change(page, view=view)
        assert not page.error
    change(page, a_from_file=False)
    assert not page.error
    assert control(page, "a_model").value == "minilm"


def test_values_of_a_file_have_lengths_and_no_matrix_that_mixes_heads() -> None:
    arrays = {"q": vectors(2, 4, 8), "k": vectors(1, 4, 8), "v": vectors(1, 4, 6)}
    page = opened("stage=projected_values", **arrays, tokens=TOKENS)
    assert any("The file has no “A·‖V·W_O‖”" in notice for notice in notices(page))
    assert value(page, "stage") == "weights"
    weights = np.array(numbers(page))
    change(page, stage="weighted_values")
    lengths = np.linalg.norm(arrays["v"][0], axis=-1)
    np.testing.assert_allclose(np.array(numbers(page)), weights * lengths, rtol=1e-5)
