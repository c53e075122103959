"""What is said of a chart that is saved: what it is, what its weights are, where it came from."""

import re
from typing import Any, get_args

import pytest

from model.transformer import AttentionKind
from tests.ui.helpers import caption_of_charts, link, open_app, type_text
from ui.frame.pictures import NAMES
from ui.text.markdown import plain, without_markup


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("**random weights, untrained** (seed 0)", "random weights, untrained (seed 0)"),
        ('its :color[query]{foreground="#d81b60"} looks', "its query looks"),
        ("said :green-badge[:material/verified: largest difference: 6.0e-07]", "said"),
        (":material/link: there", "there"),
        ("the word ` <b>|` ` here", "the word <b>|` here"),
        (plain("a*b_c <i> $x$ [l](u) :k[z]", 100), "a*b_c <i> $x$ [l](u) :k[z]"),
        ("Q·Kᵀ ÷ √D: 2:1", "Q·Kᵀ ÷ √D: 2:1"),
    ],
)
def test_markdown_reads_as_it_looks(text: str, said: str) -> None:
    assert without_markup(text) == said


@pytest.mark.parametrize(
    ("page", "query", "title", "weights", "file"),
    [
        (
            "explore",
            {"heads": 4},
            "Weights: how much",
            ["Headlight: random weights, untrained"],
            "weights_explore_4-heads",
        ),
        (
            "explore",
            {"view": "head", "head": 1, "q": 2, "layers": 2, "layer": 1},
            "layer 1, head 1, query 2",
            ["Headlight: random weights"],
            "head_explore_layer-1-8-heads",
        ),
        (
            "explore",
            {"present": "true", "stage": "scores"},
            "Scores: how well",
            ["Headlight: random weights"],
            "scores_explore_8-heads",
        ),
        (
            "explore",
            {"view": "layers", "layers": 3, "overview": "mean_heads"},
            "Mean over heads",
            ["Headlight: random weights"],
            "mean-heads_explore_3-layers-8-heads",
        ),
        (
            "compare",
            {},
            "Weights: how much",
            ["Headlight: A: ", "Headlight: B: "],
            "weights_compare",
        ),
        (
            "compare",
            {"view": "divergence"},
            "Divergence: how far",
            ["Headlight: A: ", "Headlight: B"],
            "divergence_compare",
        ),
        (
            "lab",
            {"view": "cost"},
            "Cost: how much",
            ["Headlight: computed by formulas"],
            "cost_lab",
        ),
        (
            "learn",
            {},
            "Watch: how",
            ["Headlight: random weights, not trained"],
            "watch_learn_reverse-layer-0",
        ),
        (
            "start",
            {"trained": "false"},
            "Attention is how",
            ["Headlight: random weights, head 0, untr"],
            "weights_start",
        ),
    ],
)
def test_a_page_says_what_its_charts_are(
    page: str, query: dict[str, Any], title: str, weights: list[str], file: str
) -> None:
    found = caption_of_charts(open_app(link(**query), path=page))
    assert title in found["title"]
    assert file == found["file"]
    assert len(found["said"]) == len(weights)
    for said, begins in zip(found["said"], weights, strict=True):
        assert said.startswith(begins)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", found["file"])
    assert not re.search(r"\*\*|:material|\{foreground", " ".join([found["title"], *found["said"]]))


def test_what_is_said_follows_what_is_typed_and_who_comes_from_elsewhere_finds_the_same() -> None:
    app = open_app("heads=2")
    before = caption_of_charts(app)
    after = caption_of_charts(type_text(app, "the <b>dog</b>"))
    assert "text=" not in before["link"]
    assert "text=the+%3Cb%3Edog%3C%2Fb%3E" in after["link"]
    assert after["title"] == before["title"]


def test_each_named_chart_is_in_the_source(pytestconfig: pytest.Config) -> None:
    paths = (pytestconfig.rootpath / "ui").rglob("*.py")
    source = "".join(path.read_text("utf-8") for path in paths if path.name != "pictures.py")
    of_kinds = {f"{kind}_chart" for kind in get_args(AttentionKind)}
    assert [key for key in NAMES.keys() - of_kinds if f'"{key}"' not in source] == []
