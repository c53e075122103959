"""Pretrained with models whose encoder and decoder have their own layers and heads."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from tests.ui.views.helpers import SPAN

pytest.importorskip("transformers")

from model.pretrained.base import ModelTrace
from tests.model.pretrained.tiny_models import saved
from tests.model.pretrained.uneven_models import uneven
from tests.ui.conftest import Download
from tests.ui.helpers import (
    alt,
    change,
    chart,
    control,
    header,
    labels,
    notices,
    numbers,
    open_app,
    send,
    stage_numbers,
    statistics,
    value,
)
from tests.ui.pages.pretrained.helpers import button, captions, markdown, messages, open_trained
from ui.runs import model_store as models

TEXT, TARGET = "w5 w6 w7 w5 w6", "w20 w21"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """BART with 4 layers of 4 heads that read, and 2 layers of 2 heads that write."""
    return saved(tmp_path_factory.mktemp("uneven"), "bart", uneven("bart"))


@pytest.fixture(autouse=True)
def offered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADLIGHT_MODELS", str(folder))
    monkeypatch.delenv("HEADLIGHT_DOWNLOAD", raising=False)


@pytest.fixture(scope="module")
def wanted() -> dict[str, list[np.ndarray]]:
    """The weights that transformers itself gives, (H, Q, K) a layer."""
    out = uneven("bart", "eager")(
        input_ids=torch.tensor([[5, 6, 7, 5, 6]]),
        decoder_input_ids=torch.tensor([[0, 20, 21]]),
        output_attentions=True,
    )
    found = {
        "encoder_self": out.encoder_attentions,
        "decoder_self": out.decoder_attentions,
        "cross": out.cross_attentions,
    }
    return {kind: [layer[0].numpy() for layer in layers] for kind, layers in found.items()}


def opened(**more: object) -> AppTest:
    return open_trained(**{"model": "my-bart", "text": TEXT, "text2": TARGET, **more})


def run(removed: frozenset[tuple[int, int]] = frozenset()) -> ModelTrace:
    ids = torch.tensor([[5, 6, 7, 5, 6]])
    return models.model_of("my-bart").run(ids, [5], torch.tensor([[0, 20, 21]]), [3],
                                          removed=removed)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "layers", "heads"), [("encoder_self", 4, 4), ("decoder_self", 2, 2), ("cross", 2, 2)]
)
def test_every_view_has_the_layers_and_heads_of_its_kind(
    kind: str, layers: int, heads: int, wanted: dict[str, list[np.ndarray]]
) -> None:
    last = layers - 1
    page = opened(kind=kind, layer=last)
    assert notices(page) == []
    assert control(page, "layer").options == list(map(str, range(layers)))
    shown = numbers(page)
    assert len(shown) == heads
    np.testing.assert_allclose(np.nan_to_num(shown), wanted[kind][last], atol=1e-6)
    change(page, view="head", head=heads - 1)
    where = {"encoder_self": "encoder self-attention", "decoder_self": "decoder self-attention"}
    assert markdown(page, f"**Head {heads - 1}** of {heads}, {where.get(kind, 'cross-attention')}"
                          f", layer {last}, D = {16 // heads}.")  # fmt: skip
    change(page, view="cell", q=1, k=1)
    weight = wanted[kind][last][heads - 1, 1, 1]
    table = next(str(m.value) for m in page.markdown if "denominator" in str(m.value))
    table = SPAN.sub(r"\1", table)
    told = float(table.split("**weight**: exponential ÷ denominator |  | **")[1].split("**")[0])
    assert told == pytest.approx(weight, rel=1e-5)
    change(page, view="numbers")
    assert list(statistics(page)["head"]) == list(range(heads))
    assert stage_numbers(page)["head"].nunique() == heads
    change(page, view="layers")
    assert alt(page, "layers_chart").startswith(f"{layers} layers of {heads} heads, ")
    change(page, overview="mean_heads")
    means = numbers(page, "layers_chart")
    assert len(means) == layers
    for mean, weights in zip(means, wanted[kind], strict=True):
        np.testing.assert_allclose(np.nan_to_num(mean), weights.mean(axis=0), atol=1e-6)
    change(page, overview="mean_layers")
    assert len(numbers(page, "layers_chart")) == heads
    change(page, overview="stream")
    steps = labels(chart(page, "stream_chart")["layout"]["yaxis"])
    assert steps == ["input", *map(str, range(layers))]
    change(page, overview="rollout")
    if kind == "cross":
        assert messages(page)[0].startswith("Rollout follows a token")
    else:
        assert len(numbers(page, "layers_chart")) == layers
    change(page, view="finder")
    if kind == "cross":
        assert messages(page)[0].startswith("These patterns are about attention within")
    else:
        assert numbers(page, "finder_chart")[0].shape == (layers, heads)
    assert notices(page) == []


def test_the_header_tells_both_stacks() -> None:
    assert header(opened()).startswith(
        r"**Headlight** — **trained weights**: my-bart, encoder of 4 layers × 4 heads and decoder "
        "of 2 layers × 2 heads, energies ÷ √4 or √8   :green-badge["
    )


def test_a_layer_beyond_the_kinds_stack_is_told_and_comes_back() -> None:
    page = opened(kind="cross", layer=3, head=3, view="head")
    assert notices(page) == [
        "There is no layer 3; showing the last one, layer 1.",
        "There is no head 3; showing the last one, head 1.",
    ]
    assert page.query_params["layer"] == "1"
    change(page, kind="encoder_self")
    assert notices(page) == []
    assert (value(page, "layer"), value(page, "head")) == (3, 3)
    assert markdown(page, "**Head 3** of 4, encoder self-attention, layer 3")
    change(page, kind="decoder_self")
    assert value(page, "layer") == 1
    change(page, layer=0)  # chosen: what was wanted before is of no importance any more
    change(page, kind="encoder_self")
    assert value(page, "layer") == 0


def test_heads_are_removed_from_the_decoder_that_is_there(
    wanted: dict[str, list[np.ndarray]],
) -> None:
    page = opened(view="next token", kind="cross", removed="1.1,3.0,0.3")
    assert "2 of the link's removed heads aren't in my-bart." in notices(page)
    assert value(page, "removed") == "1.1"
    assert "**1 head removed**" in header(page)
    without = run(frozenset({(1, 1)})).next_logits
    assert without is not None
    best = int(without[0].argmax())
    assert labels(chart(page, "next_chart")["layout"]["yaxis"])[0].endswith(f"w{best}")
    change(page, layer=1, head=0)
    button(page, "remove_head").click().run()
    assert not page.exception
    assert value(page, "removed") == "1.1,1.0"
    change(page, kind="encoder_self", layer=3)
    assert "Choose the cross-attention on the left: its heads can be removed." in captions(page)


def test_clicks_open_what_a_stack_has() -> None:
    page = opened(kind="decoder_self", view="layers", overview="mean_heads", layer=0)
    send(page, "chart_clicks", "name", {"chart": "layers_chart", "tile": 1})
    assert (value(page, "view"), value(page, "layer")) == ("heads", 1)
    send(page, "chart_clicks", "name", {"chart": "heads_chart", "tile": 2})  # the encoder's alone
    assert value(page, "view") == "heads"
    send(page, "chart_clicks", "name", {"chart": "heads_chart", "tile": 1})
    assert (value(page, "view"), value(page, "head")) == ("head", 1)
    change(page, view="finder")
    send(page, "chart_clicks", "cell", {"chart": "finder_chart", "tile": 0, "row": 3, "column": 0})
    assert value(page, "view") == "finder"
    send(page, "chart_clicks", "cell", {"chart": "finder_chart", "tile": 0, "row": 0, "column": 1})
    assert (value(page, "view"), value(page, "layer"), value(page, "head")) == ("head", 0, 1)


def test_the_whole_trace_has_each_kinds_layers(
    download: Download, wanted: dict[str, list[np.ndarray]]
) -> None:
    opened()
    with np.load(io.BytesIO(download("download_npz")[1])) as made:
        for kind, layers in wanted.items():
            np.testing.assert_allclose(made[f"{kind}_weights"][:, 0], layers, atol=1e-6)
        assert made["source_stream"].shape == (5, 1, 5, 16)
        assert made["target_stream"].shape == (3, 1, 3, 16)
        config = json.loads(str(made["config"]))
        assert config["divisors"] == {
            "encoder_self": [2.0] * 4,
            "decoder_self": [pytest.approx(8**0.5)] * 2,
            "cross": [pytest.approx(8**0.5)] * 2,
        }
        assert config["model"]["encoder_self"] == {"layers": 4, "heads": 4}
        assert config["model"]["cross"] == {"layers": 2, "heads": 2}
        for kind, divisors in config["divisors"].items():
            scores = made[f"{kind}_energy"] / np.reshape(divisors, (-1, 1, 1, 1, 1))
            scores = np.where(made[f"{kind}_mask"], scores, -np.inf)
            finite = np.isfinite(made[f"{kind}_scores"])
            np.testing.assert_allclose(
                scores[finite], made[f"{kind}_scores"][finite], rtol=1e-5, atol=1e-6
            )


def test_the_csv_of_a_kind_is_its_layers(
    download: Download, wanted: dict[str, list[np.ndarray]]
) -> None:
    opened(kind="cross", layer=1)
    name, content = download("download_stage")
    assert name == "headlight_weights_cross_my-bart_layer_1.csv"
    rows = np.loadtxt(io.StringIO(content.decode()), delimiter=",", skiprows=1, usecols=-1)
    np.testing.assert_allclose(rows, wanted["cross"][1].reshape(-1), atol=1e-6)


def test_the_limit_counts_each_stacks_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    # 4 layers of 4 heads and twice 2 layers of 2: 24 matrices, of at most 20 × 20 here.
    monkeypatch.setattr("ui.choices.sizes.MAX_CELLS", 24 * 20**2)
    page = opened(text="w5 " * 21, view="numbers")
    assert notices(page) == [
        "Sentences are cut after 20 tokens: 1 token was left out. With 24 matrices of weights, one "
        "a head, layer and pair, there is no room for more on this server."
    ]


def test_compare_has_the_layers_of_the_sides_kind(wanted: dict[str, list[np.ndarray]]) -> None:
    opened()  # so that it is loaded
    link = (
        f"pretrained?model=my-bart&text={TEXT.replace(' ', '+')}&text2={TARGET.replace(' ', '+')}"
    )
    of_a, of_b = f"{link}&layer=3".replace("&", "%26"), f"{link}&kind=cross&layer=3"
    at = open_app(f"a={of_a}&b={of_b.replace('&', '%26')}&side=b", path="compare")
    assert notices(at) == [
        "B: layer 3 doesn't fit the other choices; using the nearest, 1.",
    ]
    assert control(at, "b_layer").options == ["0", "1"]
    a, b = (numbers(at, key) for key in ("compare_a", "compare_b"))
    np.testing.assert_allclose(a, wanted["encoder_self"][3], atol=1e-6)
    np.testing.assert_allclose(b, wanted["cross"][1], atol=1e-6)
