"""The file: what it may load, how texts stand in it, and what has no room."""

import base64
import hashlib
import json
import re
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from tests.viz.page.helpers import attend, attention
from viz.page import ENGLISH, Attention, Content, Layer, Picture, Words, build_page

TOKENS = ("the", "cat", "sat")
HOSTILE = (
    "</script><script>alert(1)</script>", "<!--", "<b>", "&lt;", "\u2028", "\ud800", "\0", "\u202e",
    '"><img src=x onerror=alert(1)>', "${1}", "{token}",
)  # fmt: skip


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_it_may_run_its_own_two_scripts_and_load_nothing() -> None:
    page = build_page(Content("A page", attentions=[attention(TOKENS)]))
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()}'"
        for each in scripts
    ]
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1] == (
        f"default-src 'none'; script-src {' '.join(hashes)}; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert len(scripts) == 2
    assert not re.search(
        r"<(link|iframe|object|embed|base)\b|\s(src|srcset)=", page.split("<script")[0]
    )


def test_any_text_is_text() -> None:
    content = Content(
        HOSTILE[0],
        about="".join(HOSTILE),
        notes=HOSTILE,
        attentions=[attention(HOSTILE)],
        pictures=[Picture(HOSTILE[4], go.Figure(layout={"title": {"text": HOSTILE[0]}}))],
        link='https://example.org/?a="><script>',
        version=HOSTILE[2],
    )
    page = build_page(content)
    assert page.isascii()
    assert page.count("<script") == page.count("</script>")
    assert "<img" not in page
    assert "<b>" not in page.split("<script", 1)[0]
    assert "<title>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;</title>" in page
    assert data_of(page)["attentions"][0]["queries"][0] == HOSTILE[0]


def test_words_language_and_link_are_handed_in() -> None:
    words = Words(lang="fr", direction="ltr", link="Ouvrir")
    link = "https://example.org/explore?text=a&heads=2"
    page = build_page(
        Content("Titre", attentions=[attention(TOKENS)], words=words, link=link, version="1.2")
    )
    assert '<html lang="fr" dir="ltr">' in page
    assert '<a href="https://example.org/explore?text=a&amp;heads=2" target="_blank"' in page
    assert ">Ouvrir</a>" in page
    assert "Made with Headlight 1.2." in page


def test_scores_are_stored_as_energies_where_that_gives_the_same_numbers() -> None:
    page = build_page(Content("A page", attentions=[attention(TOKENS, causal=True)]))
    kinds = [recipe[0] for recipe in data_of(page)["recipes"]]
    assert kinds.count("divided") == 2  # a head each
    # Weights, Q, K, V, energies, head outputs and the output: neither scores nor Kᵀ.
    assert len(data_of(page)["blocks"]) == 7


def test_scores_with_a_bias_are_stored() -> None:
    layer = attend(2, 3, 4)
    assert layer.scores is not None
    biased = Layer(**{**vars(layer), "scores": layer.scores + np.float32(0.5)})
    page = build_page(Content("A page", attentions=[Attention([biased], TOKENS, TOKENS)]))
    assert "divided" not in [recipe[0] for recipe in data_of(page)["recipes"]]


def test_what_is_not_known_is_not_offered() -> None:
    layer = Layer(attend(2, 3, 4).weights)
    page = build_page(Content("A page", attentions=[Attention([layer], TOKENS, TOKENS)]))
    shown = data_of(page)["attentions"][0]["layers"][0]
    assert list(shown["stages"]) == ["weights"]
    assert [len(each) for each in shown["terms"]] == [1, 1]


def test_all_of_six_layers_with_twelve_heads_and_64_tokens_has_room() -> None:
    tokens = [f"word{i}" for i in range(64)]
    content = Content("A page", attentions=[attention(tokens, layers=6, heads=12, width=32)])
    page = build_page(content)
    assert len(page) <= 6_000_000
    assert list(data_of(page)["attentions"][0]["layers"][5]["stages"]) == [
        "qkv", "energy", "scores", "weights", "head_outputs", "output",
    ]  # fmt: skip
    assert "Left out" not in page.split("<footer>")[1].split("</footer>")[0]


@pytest.mark.parametrize(
    ("heads", "size", "said"),
    [
        (4, 60, "every stage but the weights"),
        (8, 300, "of each 2 &#215; 2 weights the largest alone"),
        (1000, 16, "every stage but the weights"),
    ],
)
def test_what_has_no_room_is_left_out_and_that_is_said(heads: int, size: int, said: str) -> None:
    tokens = [f"w{i}" for i in range(size)]
    layer = attend(heads, size, 8)
    if heads == 4:
        wide = np.tile(layer.weights[0], 1000).astype(np.float32)
        layer = Layer(**{**vars(layer), "output": wide})
    content = Content("A page", attentions=[Attention([layer], tokens, tokens)])
    page = build_page(content, most_bytes=3_000_000)
    footer = page.split("<footer>")[1].split("</footer>")[0]
    assert said in footer


def test_pooled_weights_are_the_largest_of_each_block() -> None:
    weights = np.zeros((1, 1200, 1200), dtype=np.float32)
    weights[0, 7, 1101] = 0.75
    tokens = [str(i) for i in range(1200)]
    content = Content("A page", attentions=[Attention([Layer(weights)], tokens, tokens)])
    page = build_page(content, most_bytes=2_000_000)
    layer = data_of(page)["attentions"][0]["layers"][0]
    assert layer["terms"][0][0][2] == 0.75  # the end of the colours
    assert "queries" not in data_of(page)["attentions"][0]  # there is no row for each word


def test_a_thousand_heads_are_shown_in_parts() -> None:
    layer = Layer(attend(100, 4, 4).weights)
    page = build_page(Content("A page", attentions=[Attention([layer], "abcd", "abcd")]))
    layers = data_of(page)["attentions"][0]["layers"]
    assert [each["name"] for each in layers] == ["0: 0–63", "0: 64–99"]
    assert layers[1]["heads"] == list(range(64, 100))


def test_pictures_alone_make_a_page() -> None:
    figure = go.Figure(go.Bar(x=np.arange(3), y=np.array([1.0, np.nan, 3.0])))
    page = build_page(Content("Bars", pictures=[Picture("bars", figure, caption="Three bars.")]))
    data = data_of(page)
    assert data["attentions"] == []
    assert data["pictures"][0]["caption"] == "Three bars."
    assert data["pictures"][0]["sizes"][0]["plain"] == 1


def test_wrong_content_is_refused_with_what_came() -> None:
    with pytest.raises(ValueError, match="an attention or a picture, or say in a note why"):
        Content("A page")
    with pytest.raises(ValueError, match=r"weights must be \(heads, Q, K\), got shape \(3, 3\)"):
        Layer(np.zeros((3, 3)))
    with pytest.raises(ValueError, match=r"energy must be \(H, Q, K\) beside .* \(1, 2, 2\)"):
        Layer(np.zeros((2, 2, 2)), energy=np.zeros((1, 2, 2)))
    with pytest.raises(ValueError, match="2 queries and 2 keys, but there are 3 and 3 tokens"):
        Attention([Layer(np.zeros((1, 2, 2)))], TOKENS, TOKENS)
    with pytest.raises(ValueError, match="http"):
        Content("A page", attentions=[attention(TOKENS)], link="javascript:alert(1)")
    with pytest.raises(ValueError, match="at least one layer"):
        Attention([], TOKENS, TOKENS)


def test_english_words_name_what_they_put_in() -> None:
    assert ENGLISH.looks.format(token="cat", whose="head 1") == (
        "How much “cat” attends to each word (head 1)."
    )
