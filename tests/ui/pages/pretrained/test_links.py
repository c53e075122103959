"""Links to Pretrained that a stranger wrote: a valid page, a notice for each repair."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.matrix import matrix
from tests.ui.helpers import PARAMETERS, control, header, link, notices, numbers, strip, value
from tests.ui.link.hostile import HOSTILE, in_all
from tests.ui.pages.pretrained.helpers import (
    MARY,
    NAMES,
    looked_at,
    messages,
    needs_minilm,
    needs_smollm2,
    open_trained,
    tokens_of,
    weights_of,
)
from ui.choices.limits import MAX_CHARACTERS, MOST_ADDED, MOST_INTERVENTIONS
from ui.choices.options import PRETRAINED_VIEWS
from ui.runs.pretrained import PretrainedSettings, compute_pretrained

pytestmark = [needs_minilm, needs_smollm2]

VIEWS = (
    "all heads, one head, cell, layers, find heads, next token, decision, writers, read early, "
    "what follows, circuit, similarity, numbers"
)
PATTERNS = "previous token, next token, first token, same token, induction, entropy"
LISTED = "can't be read: expected something like {}."


def check_that_the_url_is_repaired(page: AppTest) -> None:
    """What the page wrote into the URL, it takes without a word about the link."""
    again = open_trained(link(**page.query_params))
    assert not [line for line in notices(again) if "link" in line or "no layer" in line]
    for key in PARAMETERS["pretrained"]:
        assert value(again, key) == value(page, key), key


@matrix(7,
    ("query", "key", "used", "notice"),
    [
        ("model=foo", "model", "minilm",
         "The link asks for model ` foo `; there are: MiniLM, SmolLM2. Using MiniLM."),
        ("model=../../etc/passwd", "model", "minilm",
         "The link asks for model ` ../../etc/passwd `; there are: MiniLM, SmolLM2. Using "
         "MiniLM."),
        ("layer=99", "layer", 5, "There is no layer 99; showing the last one, layer 5."),
        ("layer=1e9", "layer", 5,
         "The link asks for layer ` 1e9 `; using the nearest, 127. There is no layer 127; showing "
         "the last one, layer 5."),
        ("layer=-1", "layer", 0, "The link asks for layer ` -1 `; using the nearest, 0."),
        ("model=smollm2&layer=30", "layer", 29,
         "There is no layer 30; showing the last one, layer 29."),
        ("head=77", "head", 11, "There is no head 77; showing the last one, head 11."),
        ("head=128", "head", 11,
         "The link asks for head ` 128 `; using the nearest, 127. "
         "There is no head 127; showing the last one, head 11."),
        ("q=-1", "q", 0, "The link asks for q ` -1 `; using the nearest, 0."),
        ("q=400", "q", 5,
         "There is no query 400 in this sentence; showing the last one, 5."),
        ("view=zzz", "view", "heads",
         f"The link asks for view ` zzz `; there are: {VIEWS}. Using all heads."),
        ("view=side by side", "view", "heads",
         f"The link asks for view ` side by side `; there are: {VIEWS}. Using all heads."),
        ("view=finder&pattern=x", "pattern", "previous",
         f"The link asks for pattern ` x `; there are: {PATTERNS}. Using previous token."),
        ("words=perhaps", "words", False, "The link asks for words ` perhaps `; using False."),
        ("special=", "special", True, "The link asks for special `  `; using True."),
        ("special=false&rest=2", "rest", False, "The link asks for rest ` 2 `; using False."),
        ("sentence=2", "sentence", 1, "There is no sentence 2; showing sentence 1."),
        ("model=smollm2&added=x", "added", "",
         f"The link's added ` x ` {LISTED.format('17,4')}"),
        ("model=smollm2&added=13,-284", "added", "",
         f"The link's added ` 13,-284 ` {LISTED.format('17,4')}"),
        ("model=smollm2&added=999999999", "added", "",
         "1 of the link's added tokens aren't in SmolLM2-135M-Instruct's vocabulary."),
        ("model=smollm2&added=260,49152,314", "added", "260,314",
         "1 of the link's added tokens aren't in SmolLM2-135M-Instruct's vocabulary."),
        ("removed=3", "removed", "",
         f"The link's removed ` 3 ` {LISTED.format('3.1,5.0')}"),
        ("model=smollm2&removed=3.1.4", "removed", "",
         f"The link's removed ` 3.1.4 ` {LISTED.format('3.1,5.0')}"),
        ("model=smollm2&removed=99.99,3.1,30.0,0.9", "removed", "3.1",
         "3 of the link's removed heads aren't in SmolLM2-135M-Instruct."),
        ("removed=5.11,6.0", "removed", "5.11",
         "1 of the link's removed heads aren't in all-MiniLM-L6-v2."),
        ("mean=5.11,6.0,5.12", "mean", "5.11",
         "2 of the link's averaged heads aren't in all-MiniLM-L6-v2."),
        ("cut=1.0.6,1.0.5.3,2.1", "cut", "1.0.5.3,2.1",
         "1 of the link's cut edges are of heads that all-MiniLM-L6-v2 hasn't."),
        ("cut=1", "cut", "", f"The link's cut ` 1 ` {LISTED.format('13.2.9.4')}"),
        ("cut=1.0.-.4", "cut", "", f"The link's cut ` 1.0.-.4 ` {LISTED.format('13.2.9.4')}"),
        ("edge=1.0.5.12.50,1.0.5.11.50", "edge", "1.0.5.11.50",
         "1 of the link's edges are of heads that all-MiniLM-L6-v2 hasn't."),
        ("edge=1.0.5.3.101", "edge", "",
         f"The link's edge ` 1.0.5.3.101 ` {LISTED.format('13.2.9.4.80')}"),
        ("put=9.4.uniform,0.0.kept", "put", "0.0.kept",
         "1 of the link's patterns are of heads that all-MiniLM-L6-v2 hasn't."),
        ("put=0.0.round", "put", "",
         f"The link's put ` 0.0.round ` {LISTED.format('9.4.uniform')}"),
        ("put=0.0.painted.0.999.AAAA", "put", "",
         f"The link's put ` 0.0.painted.0.999.AAAA ` {LISTED.format('9.4.uniform')}"),
        ("added=1012,1", "added", "",
         "all-MiniLM-L6-v2 writes nothing: the link's 2 added tokens are left out."),
    ],
)  # fmt: skip
def test_what_is_not_there_is_repaired_and_told(
    query: str, key: str, used: object, notice: str
) -> None:
    page = open_trained(f"text=The cat sat.&{query}")
    assert notices(page) == notice.split("\n")
    assert value(page, key) == used
    check_that_the_url_is_repaired(page)


def test_of_too_many_added_tokens_or_removed_heads_the_first_are_used() -> None:
    assert MOST_ADDED == MOST_INTERVENTIONS == 64
    added = [str(260 + i) for i in range(65)]
    page = open_trained(model="smollm2", text="a", added=",".join(added))
    assert notices(page) == ["The link's added has 65 entries; the first 64 are used."]
    assert page.query_params["added"] == value(page, "added") == ",".join(added[:64])
    assert len(strip(page)["tokens"]) == 65
    check_that_the_url_is_repaired(page)
    removed = [f"{i // 9}.{i % 9}" for i in range(72)]
    page = open_trained(model="smollm2", text="a", removed=",".join(removed))
    assert notices(page) == ["The link's removed has 72 entries; the first 64 are used."]
    assert page.query_params["removed"] == value(page, "removed") == ",".join(removed[:64])
    assert "**64 heads removed**" in header(page)
    check_that_the_url_is_repaired(page)


def test_a_removed_head_that_is_asked_for_twice_is_removed_once() -> None:
    page = open_trained(model="smollm2", removed="3.1,3.1,03.01")
    assert "**1 head removed**" in header(page)
    check_that_the_url_is_repaired(page)


def test_what_an_encoder_is_asked_to_add_is_left_out() -> None:
    page = open_trained(text="a b", added="1,2,3", removed="0.0")
    assert notices(page) == [
        "all-MiniLM-L6-v2 writes nothing: the link's 3 added tokens are left out.",
    ]
    assert "added" not in page.query_params
    assert "**1 head removed**" in header(page)
    assert strip(page)["tokens"] == ["[CLS]", "a", "b", "[SEP]"]
    np.testing.assert_array_equal(numbers(page), weights_of("minilm", "a b", 0))


@pytest.mark.parametrize("model", NAMES)
@matrix(2, "name", HOSTILE)
def test_a_strangers_text_in_every_parameter_gives_a_valid_page(name: str, model: str) -> None:
    text = HOSTILE[name].encode(errors="replace").decode()  # what a URL can carry
    asked = in_all("pretrained", text)
    page = open_trained(**{**asked, "model": NAMES[model], "from_file": "?"})
    assert value(page, "text") == value(page, "text2") == text
    assert value(page, "view") in PRETRAINED_VIEWS
    assert 0 <= value(page, "layer") < {"minilm": 6, "smollm2": 30}[model]
    assert notices(page)
    assert messages(page) == []
    again = open_trained(**page.query_params)
    assert not [line for line in notices(again) if "The link" in line]


@pytest.mark.parametrize("model", NAMES)
@matrix(
    2,
    "text",
    [
        "<b>x</b> &lt; <img src=x onerror=alert(1)>",
        "**b** [x](https://example.org) :red[x] $$1$$ `c`",
        "[CLS] [SEP] [UNK] <|endoftext|> <|im_start|>",
        "a\x00b\x07\u202egnitirw\u200b",
    ],
)
def test_markup_and_broken_characters_in_a_sentence_are_tokens(model: str, text: str) -> None:
    page = open_trained(model=NAMES[model], text="x", view="all heads")
    control(page, "text").set_value(text)
    page.run()
    assert not page.exception
    np.testing.assert_array_equal(numbers(page), weights_of(model, text, 0))
    assert len(strip(page)["tokens"]) == len(tokens_of(model, text))
    for view in ("cell", "layers", "finder", "numbers", "next" if model == "smollm2" else "head"):
        control(page, "view").set_value(view)
        page.run()
        assert not page.exception
    assert "<img" not in str(page.get("plotly_chart"))


@pytest.mark.parametrize("model", NAMES)
def test_half_a_surrogate_pair_is_read_as_a_character_that_is_not_there(model: str) -> None:
    # No link and no browser can send one; a page of ours might.
    half, whole = (
        compute_pretrained(PretrainedSettings(model, (f"a{c}b",))) for c in "\ud800\ufffd"
    )
    assert half.source.tokens == whole.source.tokens
    np.testing.assert_array_equal(
        half.attention().field("weights"), whole.attention().field("weights")
    )


@pytest.mark.parametrize("key", ["text", "text2"])
def test_a_sentence_of_more_characters_than_fit_is_cut_with_a_notice(key: str) -> None:
    text = "x" * (MAX_CHARACTERS + 1)
    page = open_trained(**{"text": "a", "view": "similarity", key: text})
    assert f"The link's {key} has 20001 characters; the first 20000 are used." in notices(page)
    assert value(page, key) == page.query_params[key] == text[:MAX_CHARACTERS]


def test_a_link_with_everything_is_shown_as_it_is() -> None:
    everything: dict[str, object] = {
        "model": "smollm2", "text": MARY, "view": "next", "layer": 20, "head": 3, "q": 14,
        "k": 2, "words": "true", "special": "false", "rest": "true", "added": "5099",
        "removed": "18.6,0.1", "stage": "energy", "overview": "rollout", "pattern": "induction",
        "head_scale": "true", "text2": "for later",
    }  # fmt: skip
    page = open_trained(**everything)
    assert page.query_params == {key: str(value) for key, value in everything.items()}
    assert notices(page) == []
    assert looked_at(page) == {"view": "next", "layer": 20, "head": 3, "q": 14, "k": 2}
    assert "**2 heads removed**" in header(page)
    check_that_the_url_is_repaired(page)
    old = open_trained(**{**everything, "model": "SmolLM2", "view": "next token"})  # in words
    assert old.query_params == page.query_params
    assert looked_at(old) == looked_at(page)
