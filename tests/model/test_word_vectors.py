"""Word vectors that were trained: MiniLM's own, turned and scaled, and nothing else."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import Whitespace
from torch import Tensor

from model.pretrained import minilm, packages
from model.pretrained.base import ModelUnavailableError
from model.subwords import SubwordTokenizer
from model.word_vectors import WordVectors, load_word_vectors, principal_axes
from tests.model.subword_models import MINILM, folder_of

NAME = "embeddings.word_embeddings.weight"


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    folder_of(MINILM)  # skips without it
    return load_word_vectors()


@pytest.fixture(scope="module")
def embeddings() -> Tensor:
    """MiniLM's, as they are in its file, (V, 384)."""
    return load_file(folder_of(MINILM) / "model" / "model.safetensors")[NAME].double()


def pieces(text: str) -> list[int]:
    tokenizer = Tokenizer.from_file(str(folder_of(MINILM) / "model" / "tokenizer.json"))
    tokenizer.no_padding()
    return list(tokenizer.encode(text, add_special_tokens=False).ids)


def small(embeddings: Tensor) -> WordVectors:
    """Vectors of a vocabulary of [UNK], a, b and ##b, one row each."""
    vocabulary = {"[UNK]": 0, "a": 1, "b": 2, "##b": 3}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.add_special_tokens(["[UNK]"])
    return WordVectors(embeddings, SubwordTokenizer(tokenizer))


def test_the_numbers_of_a_small_vocabulary_by_hand() -> None:
    # The mean is (1, 2); along (3, 4) / 5 the rows lie at -10, 10, 5 and -5, across it at ±1.
    along, across = torch.tensor([0.6, 0.8]), torch.tensor([0.8, -0.6])
    places = torch.tensor([[-10.0, 1], [10, 1], [5, -1], [-5, -1]])
    made = small(torch.tensor([1.0, 2]) + places @ torch.stack([along, across]))
    for found, expected in (
        (made.mean, torch.tensor([1.0, 2])),
        (made.variances, torch.tensor([62.5, 1])),
        (made.axes, torch.stack([along, across], dim=1)),
    ):
        torch.testing.assert_close(found.float(), expected)
    scale = (2 / 63.5) ** 0.5  # two numbers, whose mean squared length is to be 2
    for token, place in (("a", [10, 1]), ("b", [5, -1]), ("ab", [2.5, 0]), ("c", [-10, 1])):
        expected = np.array(place) * scale
        np.testing.assert_allclose(made.vector(token, 2), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(made.vector("a", 4), [*made.vector("a", 2), 0, 0])


def test_axes_go_from_the_largest_variance_to_the_smallest_and_are_at_right_angles(
    vectors: WordVectors, embeddings: Tensor
) -> None:
    assert vectors.size == 384
    assert (vectors.variances.diff() <= 0).all()
    assert vectors.variances[-1] > 0
    axes = vectors.axes
    torch.testing.assert_close(axes.T @ axes, torch.eye(384).double(), rtol=0, atol=1e-12)
    turned = (embeddings - embeddings.mean(dim=0)) @ axes
    covariance = turned.T @ turned / len(turned)
    torch.testing.assert_close(covariance, vectors.variances.diag(), rtol=0, atol=1e-12)
    furthest = axes.gather(0, axes.abs().argmax(dim=0, keepdim=True))
    assert (furthest > 0).all()  # the sign, which is free


def test_either_sign_of_what_is_turned_gives_the_same_axes() -> None:
    rows = torch.randn(50, 6, generator=torch.Generator().manual_seed(0))
    _, variances, axes = principal_axes(rows)
    mean, mirrored, same = principal_axes(-rows)
    torch.testing.assert_close(mean, -rows.double().mean(dim=0))
    torch.testing.assert_close(mirrored, variances)
    torch.testing.assert_close(same, axes)


@pytest.mark.parametrize("token", ["cat", "Tokenization", "我", "🙂", " ", "[UNK]", ""])
def test_a_larger_embedding_extends_a_smaller_one_exactly(vectors: WordVectors, token: str) -> None:
    whole = vectors.vector(token, 512)
    assert whole.shape == (512,)
    assert whole.dtype == np.float32
    for size in (8, 32, 64, 383, 384, 385):
        assert np.array_equal(vectors.vector(token, size), whole[:size])
    assert np.count_nonzero(whole[:384]) == 384
    assert not whole[384:].any()


def test_their_first_64_numbers_are_as_long_as_those_of_a_hashed_vector(
    vectors: WordVectors, embeddings: Tensor
) -> None:
    turned = (embeddings - embeddings.mean(dim=0)) @ vectors.axes * vectors.scale
    squared_lengths = turned[:, :64].square().sum(dim=1)
    assert squared_lengths.mean().item() == pytest.approx(64, rel=1e-9)


def test_all_numbers_together_keep_the_distances_between_words(
    vectors: WordVectors, embeddings: Tensor
) -> None:
    words = ["cat", "dog", "queen", "the", "1999"]
    places = [pieces(word) for word in words]
    assert all(len(place) == 1 for place in places)
    theirs = torch.cdist(embeddings[[i for (i,) in places]], embeddings[[i for (i,) in places]])
    mine = torch.from_numpy(np.stack([vectors.vector(word, 384) for word in words])).double()
    torch.testing.assert_close(torch.cdist(mine, mine), theirs * vectors.scale, rtol=1e-5, atol=0)


def test_a_word_of_several_pieces_has_their_mean(vectors: WordVectors, embeddings: Tensor) -> None:
    for word, count in (("tokenization", 2), ("don't", 3), ("überquerte", 3)):
        ids = pieces(word)
        assert len(ids) == count, word
        mean = (embeddings[ids] - embeddings.mean(dim=0)).mean(dim=0)
        expected = (mean @ vectors.axes * vectors.scale).numpy()
        np.testing.assert_allclose(vectors.vector(word, 384), expected, rtol=1e-5, atol=1e-5)


def test_capitals_and_accents_do_not_count_as_in_minilm(vectors: WordVectors) -> None:
    for word in ("Cat", "CAT", "cát"):
        np.testing.assert_array_equal(vectors.vector(word, 64), vectors.vector("cat", 64))


def test_what_the_vocabulary_does_not_know_has_the_vector_of_unk(
    vectors: WordVectors, embeddings: Tensor
) -> None:
    unknown = (embeddings[100] - embeddings.mean(dim=0)) @ vectors.axes * vectors.scale
    assert pieces("[UNK]") == [100]
    for token in ("[UNK]", "🙂", "x" * 101, " ", "\u200d", ""):
        found = vectors.vector(token, 384)
        np.testing.assert_allclose(found, unknown.numpy(), rtol=1e-5, atol=1e-5, err_msg=token)


def test_half_a_surrogate_pair_is_a_word_like_any(vectors: WordVectors) -> None:
    assert np.isfinite(vectors.vector("\ud800", 64)).all()


def test_made_anew_they_are_the_same_also_in_several_threads(vectors: WordVectors) -> None:
    words = [f"word{i}" for i in range(40)]
    again = load_word_vectors()
    found: list[np.ndarray] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(np.stack([again.vector(w, 64) for w in words]))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = np.stack([vectors.vector(word, 64) for word in words])
    assert len(found) == 4
    for numbers in found:
        np.testing.assert_array_equal(numbers, expected)


def test_what_is_kept_is_bounded_and_cannot_be_changed(vectors: WordVectors) -> None:
    made = small(torch.randn(4, 3, generator=torch.Generator().manual_seed(0)))
    for i in range(5000):
        made.vector(f"w{i}", 2)
    assert len(made._known) == 4096
    made.vector("x" * 101, 2)
    assert "x" * 101 not in made._known  # long ones would fill the memory
    for size in (2, 3, 8):
        with pytest.raises(ValueError, match="read-only"):
            made.vector("a", size)[0] = 1


def test_similar_words_lie_close(vectors: WordVectors) -> None:
    def cosine(one: str, other: str) -> float:
        a, b = vectors.vector(one, 64), vectors.vector(other, 64)
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    for one, other in (("cat", "dog"), ("king", "queen"), ("red", "blue"), ("car", "truck")):
        assert cosine(one, other) > 0.4
        assert cosine(one, "because") < 0.25


def test_they_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda package: None)
    with pytest.raises(ModelUnavailableError, match=r"all-MiniLM-L6-v2 isn't .*`make run`"):
        load_word_vectors()


def test_they_are_larger_than_allowed() -> None:
    folder_of(MINILM)
    with pytest.raises(ModelUnavailableError, match=r"needs 45 MB .* allows 44 MB"):
        load_word_vectors(44 * 2**20)
    assert load_word_vectors(45 * 2**20).size == 384


@pytest.mark.parametrize("damage", ["cut", "missing", "no tokeniser", "another file"])
def test_their_files_are_damaged(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("model.safetensors", "tokenizer.json"):
        shutil.copy(folder_of(MINILM) / "model" / name, tmp_path)
    monkeypatch.setattr(minilm, "model_folder", lambda: tmp_path)
    file = tmp_path / "model.safetensors"
    match damage:
        case "cut":
            file.write_bytes(file.read_bytes()[:-1])
        case "missing":
            file.unlink()
        case "no tokeniser":
            (tmp_path / "tokenizer.json").unlink()
        case _:
            monkeypatch.setattr(minilm, "WORD_EMBEDDINGS", "embeddings.LayerNorm.weight")
    with pytest.raises(ModelUnavailableError, match=r"(?s)can't be read: .*\. Install it again\."):
        load_word_vectors()
    file.unlink(missing_ok=True)  # not to be kept by pytest
