"""What each part of a forward pass costs: parameters, multiply-adds and memory.

As formula and as number. Of an Encoder, which with a causal mask is a decoder-only model too; the
cross-attention of a Decoder isn't covered. Letters of the formulas, besides the package's:

    L  tokens                N  layers            F  hidden size of the feed-forward
    G  key/value heads       V  vocabulary        P  learned positions

A multiply-add is one multiplication and one addition: two FLOPs, as torch.utils.flop_counter has
it. That counts matrix products alone, and so does `multiply_adds`; `elementary` are the other
operations, one for each sum, product, comparison, exponential or root of a number. A mask doesn't
make anything cheaper here: masked cells are computed, and then overwritten. Memory is of the
tensors alone, 4 bytes a number (float32).
Source: Kaplan et al. (2020), "Scaling Laws for Neural Language Models", table 1, for the counts.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from .amount import ZERO, Amount, letter
from .config import Config

PartName = Literal[
    "embedding",
    "projections",
    "energy",
    "softmax",
    "weighted_sum",
    "output",
    "feed_forward",
    "norms",
]
PARTS: tuple[PartName, ...] = get_args(PartName)
NUMBER_BYTES = 4  # float32
ID_BYTES = 8  # int64


@dataclass(frozen=True)
class Part:
    """The cost of one part in all layers together."""

    name: PartName
    parameters: Amount = ZERO
    multiply_adds: Amount = ZERO  # of matrix products
    elementary: Amount = ZERO  # operations besides these
    bytes: Amount = ZERO  # of results that a trace keeps; the feed-forward's: see part_costs
    moved: Amount = ZERO  # bytes read and written, by each operation on its own


def part_costs(config: Config, tokens: int, *, batch: int = 1) -> tuple[Part, ...]:
    """Return what each part of an Encoder's forward pass costs, in the order of PARTS.

    Norms come with the additions to the residual stream, and with the vectors in it. The bytes of
    the feed-forward are those of its hidden units, before and after the activation (a gate makes a
    third): they live in one layer at a time.

    Args:
        config: of the Encoder; without a vocabulary its input is vectors.
        tokens: L, of each sentence.
        batch: B, how many sentences.

    Raises:
        ValueError: if there is no token or no sentence, or more tokens than learned positions.
    """
    size = Sizes(config, tokens, batch)
    return (
        _embedding(config, size),
        _projections(config, size),
        *_attention(size),
        _output(config, size),
        _feed_forward(config, size),
        _norms(config, size),
    )


def parameter_count(config: Config) -> int:
    """Return how many parameters an Encoder has, as the module's own tensors count them."""
    return sum(part.parameters.value for part in part_costs(config, tokens=1))


class Sizes:
    """The letters of the formulas."""

    def __init__(self, config: Config, tokens: int, batch: int) -> None:
        learned = config.architecture.positions == "learned"
        if tokens < 1 or batch < 1 or (learned and tokens > config.longest):
            most = f", and at most {config.longest} tokens, the learned positions" * learned
            raise ValueError(
                f"expected one or more tokens and sentences{most}, got {tokens} and {batch}"
            )
        self.B = letter("B", batch, written=batch > 1)
        self.N = letter("N", config.layers, written=config.layers > 1)
        self.L, self.E = letter("L", tokens), letter("E", config.embed_size)
        self.H, self.D = letter("H", config.heads), letter("D", config.embed_size // config.heads)
        kv_heads = config.kv_heads or config.heads
        self.G = letter("G", kv_heads) if kv_heads < config.heads else self.H
        self.F = letter("F", config.hidden_size)
        self.V = letter("V", config.vocabulary or 0)
        self.P = letter("P", config.longest if learned else 0)


def _embedding(config: Config, size: Sizes) -> Part:
    numbers = size.B * size.L * size.E
    norms = int(config.architecture.embedding_norm)
    added = int(config.architecture.positions in ("sinusoidal", "learned"))
    return Part(
        "embedding",
        parameters=size.V * size.E + size.P * size.E + norms * _norm_parameters(config, size),
        elementary=(added + norms * _norm_steps(config)) * numbers,
        bytes=NUMBER_BYTES * numbers,
        moved=(2 * bool(config.vocabulary) + 3 * added + 2 * norms) * (NUMBER_BYTES * numbers),
    )


def _projections(config: Config, size: Sizes) -> Part:
    numbers = size.B * size.N * size.L * size.E
    if config.architecture.projection == "shared":
        weights, width = 3 * size.D * size.D, 3 * size.D
        products = 3 * numbers * size.D
    elif not config.kv_heads or config.kv_heads == config.heads:
        weights, width = 3 * size.E * size.E, 3 * size.E
        products = 3 * size.B * size.N * size.L * size.E * size.E
    else:
        width = size.E + 2 * size.G * size.D
        weights, products = size.E * width, numbers * width
    biases = int(config.architecture.attention_bias) * width
    return Part(
        "projections",
        parameters=size.N * (weights + biases),
        multiply_adds=products,
        bytes=3 * NUMBER_BYTES * numbers,
        moved=NUMBER_BYTES * (6 * numbers + size.N * weights),
    )


def _attention(size: Sizes) -> tuple[Part, Part, Part]:
    """The parts without parameters: what grows with L²."""
    products = size.B * size.N * size.L * size.L * size.E
    cells = size.B * size.N * size.H * size.L * size.L
    numbers = size.B * size.N * size.L * size.E
    moved = NUMBER_BYTES * (cells + 2 * numbers)
    return (
        Part("energy", multiply_adds=products, bytes=NUMBER_BYTES * cells, moved=moved),
        Part(
            "softmax",
            # Scaled; compared with the largest, which is subtracted; exp; added up; divided.
            elementary=6 * cells,
            bytes=2 * NUMBER_BYTES * cells,
            moved=4 * NUMBER_BYTES * cells,
        ),
        Part("weighted_sum", multiply_adds=products, bytes=NUMBER_BYTES * numbers, moved=moved),
    )


def _output(config: Config, size: Sizes) -> Part:
    numbers = size.B * size.N * size.L * size.E
    bias = int(config.architecture.output_bias) * size.E
    return Part(
        "output",
        parameters=size.N * (size.E * size.E + bias),
        multiply_adds=size.B * size.N * size.L * size.E * size.E,
        bytes=NUMBER_BYTES * numbers,
        moved=NUMBER_BYTES
        * (4 * numbers + size.N * size.E * size.E),  # heads are put side by side first
    )


def _feed_forward(config: Config, size: Sizes) -> Part:
    if config.architecture.attention_only:
        return Part("feed_forward")
    matrices = 3 if config.architecture.gated else 2
    weights = matrices * size.E * size.F
    biases = (matrices - 1) * size.F + size.E
    units = size.B * size.N * size.L * size.F
    numbers = size.B * size.N * size.L * size.E
    return Part(
        "feed_forward",
        parameters=size.N * (weights + int(config.architecture.feed_forward_bias) * biases),
        multiply_adds=matrices * size.B * size.N * size.L * size.E * size.F,
        elementary=(matrices - 1) * units,  # the activation, and the product with the gate
        bytes=matrices * NUMBER_BYTES * size.B * size.L * size.F,
        moved=NUMBER_BYTES * (matrices * numbers + 2 * matrices * units + size.N * weights),
    )


def _norms(config: Config, size: Sizes) -> Part:
    each = 1 if config.architecture.attention_only else 2  # of a layer
    final, steps = int(config.architecture.final_norm), _norm_steps(config)
    numbers, last = size.B * size.N * size.L * size.E, final * size.B * size.L * size.E
    norm = _norm_parameters(config, size)
    return Part(
        "norms",
        parameters=each * size.N * norm + final * norm,
        elementary=each * (steps + 1) * numbers + steps * last,  # 1: the residual addition
        bytes=each * NUMBER_BYTES * numbers,
        moved=NUMBER_BYTES * (5 * each * numbers + 2 * last),
    )


def _norm_parameters(config: Config, size: Sizes) -> Amount:
    """LayerNorm's scale and shift, or RMSNorm's scale."""
    return (2 if config.architecture.norm == "layer" else 1) * size.E


def _norm_steps(config: Config) -> int:
    """Elementary operations a number.

    Added for the mean, which is subtracted; squared; added for the variance; divided; scaled;
    shifted. RMSNorm has no mean, and nothing to shift by.
    """
    return 7 if config.architecture.norm == "layer" else 4
