"""Files that anybody made by hand: what is read of them, and what is said."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from model.errors import CodedValueError
from model.trace_file import read_trace_file
from model.trace_file.read import MOST_UNPACKED_BYTES
from tests.model.trace_file.files import TOKENS, npz, read, rows, said, vectors


@pytest.mark.parametrize(
    ("shape", "tokens", "layers", "sentences"),
    [
        ((3, 3), TOKENS, 1, 1),
        ((2, 3, 3), TOKENS, 1, 1),
        ((1, 2, 3, 3), TOKENS, 1, 1),
        ((4, 2, 3, 3), TOKENS, 4, 1),
        ((4, 2, 3, 3), None, 4, 1),
        ((4, 2, 3, 3), [TOKENS], 4, 1),
        ((4, 2, 3, 3), [TOKENS] * 4, 1, 4),
        ((4, 5, 2, 3, 3), [TOKENS] * 5, 4, 5),
    ],
)
def test_axes_are_told_apart(
    shape: tuple[int, ...], tokens: object, layers: int, sentences: int
) -> None:
    weights = rows(*shape)
    file = read(weights=weights) if tokens is None else read(weights=weights, tokens=tokens)
    found = file.layers["encoder_self"]
    assert len(found) == layers
    assert {layer.shape[0] for layer in found} == {sentences}
    shown = np.stack([layer.weights.numpy() for layer in found])
    assert np.array_equal(shown.ravel(), weights.ravel())
    ambiguous = len(shape) == 4 and shape[0] > 1
    expected = {"read_as_layers"} if layers > 1 else {"read_as_sentences"}
    assert set(said(file)) == (expected if ambiguous else set())


def test_names_tell_layers() -> None:
    weights = rows(4, 2, 3, 3)
    file = read(weights=weights, tokens=[TOKENS] * 4, names=list("abcd"))
    assert [layer.name for layer in file.layers["encoder_self"]] == list("abcd")


def test_weights_alone_are_all_that_there_is() -> None:
    (layer,) = read(weights=rows(2, 3, 3), tokens=TOKENS).layers["encoder_self"]
    assert not layer.is_complete
    assert (layer.queries, layer.scores, layer.allowed, layer.divisor) == (None,) * 4
    assert layer.query_tokens == (tuple(TOKENS),)
    assert layer.query_lengths == (3,)


@pytest.mark.parametrize("names", [("queries", "keys", "values"), ("q", "k", "v")])
def test_weights_follow_from_queries_and_keys(names: tuple[str, str, str]) -> None:
    q, k, v = vectors(2, 3, 4), vectors(1, 3, 4, seed=1), vectors(1, 3, 4, seed=2)
    mask = np.tril(np.ones((3, 3), dtype=bool))
    file = read(**dict(zip(names, (q, k, v), strict=True)), mask=mask, tokens=TOKENS)
    (layer,) = file.layers["encoder_self"]
    assert layer.is_complete
    assert layer.kv_heads == 1
    assert layer.divisor == 2
    tensors = (torch.from_numpy(x)[None] for x in (q, k.repeat(2, 0), v.repeat(2, 0)))
    expected = F.scaled_dot_product_attention(*tensors, attn_mask=torch.from_numpy(mask))
    assert layer.head_outputs is not None
    torch.testing.assert_close(layer.head_outputs, expected)
    assert said(file) == ["computed", "divisor"]


def test_without_values_there_are_no_outputs() -> None:
    (layer,) = read(q=vectors(2, 3, 4), k=vectors(2, 3, 4)).layers["encoder_self"]
    assert layer.scores is not None
    assert layer.values is None
    assert layer.head_outputs is None


@pytest.mark.parametrize(
    "mask",
    [
        np.array([[1, 1, 0]]),  # transformers' attention_mask, (sentences, keys)
        np.array([[0, 0, -np.inf]] * 3, dtype=np.float32),
        np.array([[0.0, 0.0, -3e38]] * 3),
        np.array([[[[True, True, False]]]]),
    ],
)
def test_masks_of_every_kind(mask: np.ndarray) -> None:
    (layer,) = read(q=vectors(2, 3, 4), k=vectors(2, 3, 4), mask=mask).layers["encoder_self"]
    assert layer.allowed is not None
    assert layer.allowed.expand(1, 2, 3, 3)[0, 1].tolist() == [[True, True, False]] * 3
    assert layer.weights[..., 2].tolist() == [[[0.0] * 3] * 2]


def test_what_a_mask_adds_is_a_bias() -> None:
    added = np.array([[0, -1.5, -np.inf]] * 3, dtype=np.float32)
    (layer,) = read(q=vectors(1, 3, 4), k=vectors(1, 3, 4), mask=added).layers["encoder_self"]
    assert layer.bias is not None
    assert layer.energy is not None
    assert layer.scores is not None
    difference = (layer.scores - layer.energy / 2)[0, 0]
    torch.testing.assert_close(difference, torch.from_numpy(added))


def test_each_layer_may_have_its_mask_and_divisor() -> None:
    mask = np.stack([np.tril(np.ones((1, 3, 3))), np.ones((1, 3, 3))])  # (L, 1, Q, K)
    q = vectors(2, 2, 3, 4)
    file = read(q=q, k=q, mask=mask, divisor=np.array([1.0, 4.0]), tokens=TOKENS)
    first, second = file.layers["encoder_self"]
    assert (first.divisor, second.divisor) == (1, 4)
    assert first.weights[0, 0, 0].tolist() == [1, 0, 0]
    assert (second.weights > 0).all()


def test_an_encoder_and_a_decoder() -> None:
    file = read(
        encoder_self_weights=rows(2, 1, 4, 3, 3),
        decoder_self_weights=rows(1, 4, 2, 2),
        cross_weights=rows(1, 4, 2, 3),
        source_tokens=TOKENS,
        target_tokens=["le", "chat"],
    )
    assert {kind: len(layers) for kind, layers in file.layers.items()} == {
        "encoder_self": 2,
        "decoder_self": 1,
        "cross": 1,
    }
    (cross,) = file.layers["cross"]
    assert cross.query_tokens == (("le", "chat"),)
    assert cross.key_tokens == (tuple(TOKENS),)
    assert not file.notices


def test_shapes_tell_a_decoder_that_looks_at_others() -> None:
    file = read(
        layer_0_weights=rows(4, 2, 2), layer_1_weights=rows(4, 2, 3), layer_2_weights=rows(4, 3, 3)
    )
    assert list(file.layers) == ["encoder_self", "decoder_self", "cross"]


@pytest.mark.parametrize(
    "dtype", [">f4", "<f8", "f2", "longdouble", ">f2"], ids=lambda name: name.strip("<>")
)
def test_numbers_of_every_type(dtype: str) -> None:
    weights = np.array([[[0.5, 0.5], [0.25, 0.75]]])
    file = read(weights=np.asfortranarray(weights.astype(dtype)), tokens=["a", "b"])
    (layer,) = file.layers["encoder_self"]
    assert layer.weights.dtype == torch.float32
    assert layer.weights.tolist() == [weights.tolist()]


@pytest.mark.parametrize("dtype", ["bool", "i1", ">i8", "u8"])
def test_hard_attention_is_of_whole_numbers(dtype: str) -> None:
    (layer,) = read(weights=np.eye(3)[None].astype(dtype)).layers["encoder_self"]
    assert layer.weights.tolist() == [[torch.eye(3).tolist()]]


def test_tokens_are_shown_as_far_as_they_go() -> None:
    file = read(weights=rows(1, 3, 3), tokens=["a", "b"])
    assert str(file.notices[0]) == (
        "tokens: 2 for 3 positions. The rest are shown by their numbers"
    )
    assert file.layers["encoder_self"][0].query_tokens == (("a", "b", "2"),)
    file = read(weights=rows(1, 3, 3), tokens=list("abcde"))
    assert str(file.notices[0]) == "tokens: 5 for 3 positions. The rest are left out"
    assert file.layers["encoder_self"][0].query_tokens == (("a", "b", "c"),)


def test_tokens_of_other_types() -> None:
    many = "x" * 1000
    for tokens, shown in (
        (np.array([b"a", b"\xff", "ä".encode()]), ("a", "\ufffd", "ä")),
        (np.array([101, 7, 102]), ("101", "7", "102")),
        (["<script>", "\u202e", many], ("<script>", "\u202e", "x" * 99 + "…")),
    ):
        file = read(weights=rows(1, 3, 3), tokens=tokens)
        assert file.layers["encoder_self"][0].query_tokens == (shown,)
        assert said(file) == (["long_tokens"] if "…" in shown[2] else [])


def test_rows_that_do_not_sum_to_one_are_said() -> None:
    weights = rows(2, 3, 3)
    weights[0, 1] *= 2
    weights[1, 2] /= 2
    file = read(weights=weights, tokens=TOKENS)
    assert str(file.notices[0]).startswith(
        "2 of 6 rows of weights don't sum to 1, but to 0.5 to 2."
    )
    assert np.array_equal(file.layers["encoder_self"][0].weights[0].numpy(), weights)


def test_rows_with_nothing_to_attend_to_sum_to_zero() -> None:
    mask = np.array([[False] * 3, [True] * 3, [True] * 3])
    assert "rows" not in said(read(q=vectors(1, 3, 2), k=vectors(1, 3, 2), mask=mask))


def test_numbers_that_are_none_are_said_with_their_place() -> None:
    weights = np.stack([rows(2, 3, 3)] * 2)
    weights[1, 0, 2, 1] = np.nan
    weights[1, 1, 0, 0] = np.inf
    file = read(weights=weights, tokens=TOKENS)
    (notice,) = [n for n in file.notices if n.code == "trace_file.not_finite"]
    assert "2 numbers" in str(notice)
    assert "layer 1, sentence 0, head 0, row 2, column 1," in str(notice)
    assert torch.isnan(file.layers["encoder_self"][1].weights).sum() == 2


def test_scores_are_no_weights() -> None:
    assert "negative" in said(read(weights=vectors(2, 3, 3)))


def test_arrays_that_mean_nothing_are_said() -> None:
    extra = {f"extra_{i}": np.ones(1) for i in range(7)}
    file = read(weights=rows(1, 3, 3), tokens=TOKENS, **extra)
    assert str(file.notices[0]).endswith("extra_0, extra_1, extra_2, extra_3, extra_4 and 2 others")


@pytest.mark.parametrize("config", ["[" * 100_000, "{", "[]", '"' * 10, '{"divisor": NaN}'])
def test_a_config_can_be_anything(config: str) -> None:
    file = read(q=vectors(1, 3, 4), k=vectors(1, 3, 4), config=np.array(config))
    assert file.layers["encoder_self"][0].divisor == 2


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"tokens": TOKENS}, "the file has no attention in it: expected an array called weights"),
        ({"q": vectors(1, 3, 2)}, "expected an array called weights, or queries and keys"),
        ({"weights": rows(3)}, "must have 2 axes"),
        ({"weights": rows(2, 3, 3), "q": vectors(3, 2)}, "q has the shape (3, 2)"),
        ({"weights": rows(2, 3, 3), "q": vectors(2, 4, 2)}, "q of a layer has the shape (1, 2, 4"),
        ({"q": vectors(3, 3, 2), "k": vectors(2, 3, 2)}, "k of a layer has the shape (1, 2, 3, 2)"),
        ({"q": vectors(2, 3, 2), "k": vectors(2, 3, 4)}, "k of a layer has the shape (1, 2, 3, 4)"),
        ({"q": vectors(1, 3, 2), "queries": vectors(1, 3, 2)}, "has both q and queries"),
        ({"weights": rows(1, 3, 3), "mask": np.ones((3, 4))}, "mask has the shape (3, 4)"),
        ({"layer_0_weights": rows(3, 3)}, "layer_0_weights has the shape (3, 3), and must have 4"),
        (
            {"layer_0_weights": rows(1, 3, 3), "layer_2_weights": rows(1, 3, 3)},
            "of 2 layers, but none of layer 1",
        ),
        ({"weights": rows(2, 1, 2, 3, 3), "q": vectors(3, 1, 2, 3, 4)}, "of 3 layers"),
        ({"energy": rows(1, 3, 3)}, "the file has energy, but neither weights nor queries"),
        ({"weights": rows(1, 3, 3), "tokens": np.array([[["a"]]])}, "tokens has the shape"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays: dict[str, object], message: str) -> None:
    with pytest.raises(CodedValueError) as refusal:
        read(**arrays)
    assert message in str(refusal.value)


def test_what_follows_from_a_file_has_a_limit_too() -> None:
    """Long queries of one number each: a few bytes make a matrix of billions."""
    with pytest.raises(ValueError, match="too large"):
        read(q=vectors(1, 20_000, 1), k=vectors(1, 20_000, 1))


def test_as_many_bytes_as_may_be() -> None:
    weights = rows(1, 3, 3)
    data = npz(weights=weights)
    assert read_trace_file(data, most_bytes=len(data)).bytes == weights.nbytes
    with pytest.raises(ValueError, match=f"more than {len(data) - 1:,} bytes"):
        read_trace_file(data, most_bytes=len(data) - 1)
    half = npz(weights=rows(1, 20, 20).astype(np.float16))  # 800 bytes, and a header
    with pytest.raises(ValueError, match="32-bit"):
        read_trace_file(half, most_unpacked_bytes=4 * 400 - 1)
    read_trace_file(half, most_unpacked_bytes=4 * 400)
    assert MOST_UNPACKED_BYTES == 256 * 2**20
