"""Word vectors that were trained, and identity projections: what is shown, and what is said."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from model.config import Architecture, Config
from model.pretrained import packages
from model.seeded import embed, random_encoder, token_vector
from model.word_vectors import load_word_vectors
from tests.defaults import OPENS_WITH, pair_of, run_of
from tests.model.subword_models import MINILM, folder_of
from tests.ui.conftest import Download
from tests.ui.frame.helpers import load
from tests.ui.helpers import (
    PARAMETERS,
    change,
    control,
    formulas_on,
    go_to,
    header,
    link,
    notices,
    numbers,
    open_app,
    open_pair,
    value,
)
from ui.choices.examples import EXAMPLES
from ui.choices.options import preset_of
from ui.link.links import as_written
from ui.runs.random_weights import RandomRun, Settings, compute
from ui.runs.word_vectors import word_vectors

TEXT = "The cat saw a dog"
TRAINED: dict[str, Any] = {"vectors": "minilm"}
IDENTITY: dict[str, Any] = {"projection": "identity"}
BOTH = TRAINED | IDENTITY
OF_64 = "**MiniLM's word vectors** (first 64 of 384 principal axes)"


@pytest.fixture
def minilm() -> None:
    folder_of(MINILM)  # skips without it


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server without MiniLM."""
    monkeypatch.setattr(packages, "find_spec", lambda package: None)
    word_vectors.cache.clear()  # type: ignore[attr-defined]
    yield
    word_vectors.cache.clear()  # type: ignore[attr-defined]


def opened(**parameters: Any) -> AppTest:
    return open_app(link(**{"text": TEXT, **parameters}))


def parts(x: np.ndarray, heads: int) -> np.ndarray:
    """Each head's own part of the vectors, (H, L, D)."""
    return x.reshape(len(x), heads, -1).swapaxes(0, 1)


@pytest.mark.usefixtures("minilm")
@pytest.mark.parametrize("size", [8, 64, 512])
def test_the_tokens_have_minilms_vectors(size: int) -> None:
    made = load_word_vectors()
    run = run_of(TEXT, "cat", embed_size=size, **TRAINED)
    for place, token in enumerate(TEXT.split()):
        np.testing.assert_array_equal(run.inputs[0, place].numpy(), made.vector(token, size))
    np.testing.assert_array_equal(run.inputs[1, 0].numpy(), run.inputs[0, 1].numpy())
    assert not run.inputs[1, 1:].any()  # padding
    weights = run_of(TEXT, "cat", embed_size=size).model.state_dict()
    for name, weight in run.model.state_dict().items():  # only the vectors are others
        assert torch.equal(weight, weights[name]), name


@pytest.mark.usefixtures("minilm")
def test_characters_are_words_to_minilm() -> None:
    made = load_word_vectors()
    run = run_of("a b", tokenizer="characters", **TRAINED)
    for place, token in enumerate(["a", "[UNK]", "b"]):  # a space is nothing
        np.testing.assert_array_equal(run.inputs[0, place].numpy(), made.vector(token, 64))


@pytest.mark.parametrize("heads", [1, 4])
def test_with_identity_projections_energies_are_plain_dot_products(heads: int) -> None:
    page = opened(heads=heads, stage="energy", **IDENTITY)
    split = parts(embed([TEXT.split()], 64, 0)[0].numpy(), heads)
    np.testing.assert_allclose(
        np.array(numbers(page)), split @ split.swapaxes(-1, -2), rtol=1e-5, atol=1e-5
    )
    change(page, stage="output")  # fc_out is the identity, too
    run = run_of(TEXT, heads=heads, **IDENTITY)
    side_by_side = run.attention().field("head_outputs").swapaxes(0, 1).reshape(5, 64)
    np.testing.assert_allclose(numbers(page)[0], side_by_side, rtol=1e-5, atol=1e-6)


def test_cross_attention_has_identity_projections_too() -> None:
    run = pair_of("a b c", "d e", **IDENTITY)
    cross, decoder = run.trace.cross[1], run.trace.decoder_stream
    assert run.trace.encoder_output is not None
    keys = parts(run.trace.encoder_output[0].numpy(), 8)
    np.testing.assert_allclose(cross.keys[0].numpy(), keys, rtol=1e-5, atol=1e-6)
    queries = parts(decoder[4][0].numpy(), 8)  # after the second layer's self-attention
    np.testing.assert_allclose(cross.queries[0].numpy(), queries, rtol=1e-5, atol=1e-6)


def test_a_projection_is_not_kept_for_another() -> None:
    first, identity, again = (run_of(TEXT, **changes) for changes in ({}, IDENTITY, {}))
    assert not torch.equal(first.trace.output, identity.trace.output)
    assert torch.equal(first.trace.output, again.trace.output)


@pytest.mark.usefixtures("minilm")
def test_the_controls_change_the_numbers_and_the_label_and_back() -> None:
    page = opened()
    change(page, vectors="minilm")
    expected = run_of(TEXT, **TRAINED).attention().field("weights")
    np.testing.assert_array_equal(numbers(page), expected)
    change(page, projection="identity")
    expected = run_of(TEXT, **BOTH).attention().field("weights")
    np.testing.assert_array_equal(numbers(page), expected)
    assert control(page, "preset").value is None
    assert OF_64 in header(page)
    assert notices(page) == []
    change(page, preset="paper", vectors="hashed")
    np.testing.assert_array_equal(numbers(page), run_of(TEXT).attention().field("weights"))
    assert "MiniLM" not in header(page)


@pytest.mark.usefixtures("minilm")
@pytest.mark.parametrize("asked", ["minilm", "MiniLM", "MINILM"])
def test_a_link_and_another_page_keep_them(asked: str) -> None:
    page = opened(vectors=asked, projection="identity")
    assert control(page, "vectors").value == "minilm"
    change(go_to(page, "encoder-decoder"), all_heads=True)
    target = value(page, "text2")
    run = pair_of(TEXT, target, layers=1, **BOTH)
    for kind in run.kinds:
        weights = run.attention(0, 0, kind)
        expected = np.where(weights.allowed, weights.field("weights"), np.float32("nan"))
        np.testing.assert_array_equal(numbers(page, f"{kind}_chart"), expected)
    assert page.query_params["vectors"] == "minilm"
    assert page.query_params["projection"] == "identity"
    assert ":green-badge[" in header(page)


def test_no_preset_has_identity_projections() -> None:
    assert preset_of("identity", "head_dim") is None
    assert preset_of("identity", "embed_size") is None


LABELS: list[tuple[dict[str, Any], str]] = [
    (TRAINED, f"{OF_64}, **random weights, untrained** (seed 0), the paper's formulation, "
     "energies ÷ √8 "),
    (IDENTITY, "**random word vectors, untrained** (seed 0), **identity projections**, "
     "energies ÷ √8 "),
    (BOTH, f"{OF_64}, **identity projections**, energies ÷ √8 "),
    (BOTH | {"heads": 1, "temperature": 5}, f"{OF_64}, **identity projections**, "
     "energies ÷ (√64 × 5) "),
    (BOTH | {"layers": 2, "seed": 3}, f"{OF_64}, **identity projections**, random feed-forward "
     "(seed 3), energies ÷ √8, 2 layers, post-norm "),
    (BOTH | {"view": "layers"}, f"{OF_64}, **identity projections**, random feed-forward (seed 0), "
     "energies ÷ √8 "),
    (BOTH | {"view": "tests"}, f"{OF_64}, **identity projections**, random feed-forward (seed 0), "
     "energies ÷ √8 "),
    (BOTH | {"positions": "learned"}, f"{OF_64}, **identity projections**, energies ÷ √8, "
     "a table of positions (random here) "),
    (TRAINED | {"embed_size": 384}, "**MiniLM's word vectors** (all 384 principal axes), **random"),
    (BOTH | {"embed_size": 512}, "**MiniLM's word vectors** (all 384 principal axes, then zeros), "
     "**identity projections**, energies ÷ √64 "),
]  # fmt: skip


@pytest.mark.usefixtures("minilm")
@pytest.mark.parametrize(("changes", "says"), LABELS)
def test_the_label_says_what_is_trained_and_what_is_not(changes: dict[str, Any], says: str) -> None:
    page = opened(**changes)
    assert header(page).startswith(f"**Headlight** — {says}")
    assert ":green-badge[" in header(page)


def test_no_weights_of_the_attention_are_called_random_where_they_are_the_identity() -> None:
    for query in ("projection=identity", "projection=identity&layers=3", "projection=identity&q=1"):
        assert "random weights" not in header(open_app(query))
    assert "random feed-forward (seed 0)" in header(open_pair("projection=identity"))


def test_with_one_layer_the_attention_depends_on_no_seed() -> None:
    one, other = (run_of(TEXT, seed=seed, **IDENTITY) for seed in (0, 1))
    for name, weight in one.model.layers[0].attention.state_dict().items():
        assert torch.equal(weight, other.model.layers[0].attention.state_dict()[name])
    assert not torch.equal(one.trace.output, other.trace.output)


@pytest.mark.parametrize(("head", "expected"), [(0, "X^{(0)}"), (5, "X^{(5)}")])
def test_one_heads_formulas_have_no_matrix(head: int, expected: str) -> None:
    page = opened(view="head", head=head, q="", **IDENTITY)
    formulas = formulas_on(page)
    assert formulas[:2] == [f"$Q = {expected}$", f"$K = {expected}$"]
    assert formulas[5] == f"$V = {expected}$"
    assert page.markdown[1].value == (
        f"**Head {head}** of 8, D = 8. X: the vectors that the layer reads. The projections are "
        "the identity. Choose a query to follow its row."
    )
    change(page, projection="full")
    assert "identity" not in page.markdown[1].value


def test_rotary_positions_turn_what_no_matrix_projects() -> None:
    page = opened(view="head", positions="rotary", **IDENTITY)
    formulas = formulas_on(page)
    assert formulas[0] == "$Q = \\mathrm{rot}(X^{(0)})$"
    assert formulas[5] == "$V = X^{(0)}$"


def test_between_two_sentences_queries_are_parts_of_the_targets() -> None:
    page = open_pair(link(view="head", kind="cross", head=1, **IDENTITY))
    formulas = formulas_on(page)
    assert [formulas[0], formulas[1]] == ["$Q = Y^{(1)}$", "$K = X^{(1)}$"]
    (said,) = [m.value for m in page.markdown if m.value.startswith("**Head 1**")]
    assert "X: the encoder's output. The projections are the identity." in said


@pytest.mark.usefixtures("minilm")
def test_the_leak_test_takes_the_other_words_vector_from_the_same_place() -> None:
    page = opened(view="tests", test="leak", changed=1, other="queen", **TRAINED)
    (by_layer,) = numbers(page, "leak_layers_chart")
    made = load_word_vectors()
    distance = np.linalg.norm(made.vector("queen", 64) - made.vector("cat", 64))
    np.testing.assert_allclose(by_layer[0], [0, distance, 0, 0, 0], rtol=1e-5)
    change(page, vectors="hashed")
    (by_layer,) = numbers(page, "leak_layers_chart")
    distance = np.linalg.norm(token_vector("queen", 64, 0) - token_vector("cat", 64, 0))
    np.testing.assert_allclose(by_layer[0], [0, distance, 0, 0, 0], rtol=1e-5)


@pytest.mark.usefixtures("minilm")
def test_the_word_order_test_keeps_both() -> None:
    page = opened(view="tests", test="order", **BOTH)
    assert not page.error
    assert notices(page) == []


@pytest.mark.usefixtures("minilm")
def test_the_npz_tells_the_truth_and_the_model_can_be_built_again(download: Download) -> None:
    opened(**BOTH)
    found = load(download("download_npz")[1])
    config = json.loads(str(found["config"]))
    assert (config["vectors"], config["projection"]) == ("minilm", "identity")
    model = config["model"]
    architecture = Architecture(**model.pop("architecture"))
    assert architecture.projection == "full"  # of which these matrices are the identity
    again = random_encoder(Config(**model, architecture=architecture), identity=True)
    for name, weight in again.state_dict().items():
        np.testing.assert_array_equal(found[name], weight.numpy(), err_msg=name)
    for name in ("queries", "keys", "values", "fc_out"):
        np.testing.assert_array_equal(found[f"layers.0.attention.{name}.weight"], np.eye(64))
    made = load_word_vectors()
    np.testing.assert_array_equal(found["inputs"][0, 1], made.vector("cat", 64))
    split = parts(found["inputs"][0], 8)
    np.testing.assert_allclose(
        found["energy"][0], split @ split.swapaxes(1, 2), rtol=1e-5, atol=1e-5
    )


@pytest.mark.usefixtures("missing")
@pytest.mark.parametrize("open_page", [opened, lambda **kw: open_pair(link(text=TEXT, **kw))])
def test_where_minilm_is_missing_the_page_says_so_and_uses_hashed_vectors(open_page: Any) -> None:
    page = open_page(vectors="MiniLM", seed=4)
    (told,) = notices(page)
    assert told.startswith("all-MiniLM-L6-v2 isn't installed. `make run` installs it")
    assert told.endswith(" Using hashed word vectors.")
    assert "— **random weights, untrained** (seed 4), the paper's formulation" in header(page)
    assert control(page, "vectors").value == "hashed"
    assert "vectors" not in page.query_params
    change(page, vectors="minilm")
    assert notices(page) == [told]
    assert control(page, "vectors").value == "hashed"


@pytest.mark.usefixtures("missing")
def test_where_minilm_is_missing_the_numbers_and_the_download_are_of_hashed_vectors(
    download: Download,
) -> None:
    page = opened(**TRAINED)
    np.testing.assert_array_equal(numbers(page), run_of(TEXT).attention().field("weights"))
    found = load(download("download_npz")[1])
    assert json.loads(str(found["config"]))["vectors"] == "hashed"
    change(page, view="tests")
    assert numbers(page, "leak_layers_chart")


def test_the_owner_of_the_server_may_forbid_their_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    folder_of(MINILM)
    monkeypatch.setenv("HEADLIGHT_MODEL_MB", "10")
    word_vectors.cache.clear()  # type: ignore[attr-defined]
    (told,) = notices(opened(**TRAINED))
    assert told.startswith("all-MiniLM-L6-v2 needs 45 MB of memory")
    monkeypatch.delenv("HEADLIGHT_MODEL_MB")
    assert notices(opened(**TRAINED)) == []


LIKE = {"king": "queen", "cat": "dog", "red": "blue", "car": "truck"}
MEANING = EXAMPLES["similar_meanings"]


def of_example() -> RandomRun:
    chosen = {key: value for key, value in MEANING.items() if key in OPENS_WITH}
    return compute(Settings(**{**OPENS_WITH, "texts": (MEANING["text"],), **chosen}))


@pytest.mark.usefixtures("minilm")
def test_in_the_example_cat_finds_dog_and_each_word_its_like() -> None:
    run = of_example()
    tokens, weights = run.source.tokens[0], run.attention().field("weights")[0]
    found = {
        word: [tokens[key] for key in np.argsort(-weights[tokens.index(word)])[:2]]
        for pair in LIKE.items()
        for word in pair
    }
    like = LIKE | {other: word for word, other in LIKE.items()}
    assert {word: both[0] for word, both in found.items()} == {word: word for word in like}
    assert {word: both[1] for word, both in found.items()} == like
    cat, dog = tokens.index("cat"), tokens.index("dog")
    assert weights[cat, cat] == pytest.approx(0.5, abs=0.02)
    assert weights[cat, dog] == pytest.approx(0.083, abs=0.005)
    assert weights[dog, cat] == pytest.approx(0.096, abs=0.005)


@pytest.mark.usefixtures("minilm")
def test_the_example_sets_what_it_needs_from_wherever_one_comes() -> None:
    page = opened(
        heads=6, embed_size=30, layers=3, layer=2, mask="causal", scale="none", seed=9,
        tokenizer="characters", positions="alibi", norm_order="pre-norm", temperature=0.5,
    )  # fmt: skip
    change(page, example="similar_meanings")
    expected = of_example().attention().field("weights")
    np.testing.assert_array_equal(numbers(page), expected)
    assert {key: value(page, key) for key in MEANING} == MEANING
    assert control(page, "example").value is None
    assert notices(page) == []
    assert page.query_params == {
        "text": MEANING["text"], "heads": "1", "projection": "identity", "temperature": "5",
        "vectors": "minilm", "seed": "9",
    }  # fmt: skip
    again = open_app(link(**page.query_params))
    np.testing.assert_array_equal(numbers(again), expected)
    change(page, embed_size=32)  # the head count stays what the example chose
    assert control(page, "heads").value == 1


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_sets_what_a_link_to_the_page_can_ask_for(name: str) -> None:
    for key, chosen in EXAMPLES[name].items():
        parameter = PARAMETERS["explore"][key]
        assert parameter.read(key, as_written(chosen)) == (chosen, None)
