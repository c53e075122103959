"""What a forward pass costs: parameters, multiply-adds and memory, as formula and as number.

Of an Encoder, which with a causal mask is a decoder-only model too; the cross-attention of a
Decoder isn't covered. Letters of the formulas, besides the package's:

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

from model.amount import ZERO, Amount, letter
from model.config import Config

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
# The GNU C library keeps less than this for the next pass, and gives more back to the system:
# M_TRIM_THRESHOLD in mallopt(3), as it adjusts itself. Windows and macOS do alike from other sizes.
FRESH_FROM = 64 * 2**20


@dataclass(frozen=True)
class Part:
    """What one part costs in all layers together."""

    name: PartName
    parameters: Amount = ZERO
    multiply_adds: Amount = ZERO  # of matrix products
    elementary: Amount = ZERO  # operations besides these
    bytes: Amount = ZERO  # of results that a trace keeps; the feed-forward's: see part_costs
    moved: Amount = ZERO  # bytes read and written, by each operation on its own


@dataclass(frozen=True)
class Rates:
    """How fast a machine is."""

    multiply_adds: float  # a second, in matrix products
    bytes: float  # a second, read and written by operations on each number
    fresh_bytes: float  # a second, of memory that the system has to provide and clear first
    layer_seconds: float  # what a layer takes however small it is


def part_costs(config: Config, tokens: int, *, batch: int = 1) -> tuple[Part, ...]:
    """What each part of an Encoder's forward pass costs, in the order of PARTS.

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
    size = _Sizes(config, tokens, batch)
    return (
        _embedding(config, size),
        _projections(config, size),
        *_attention(size),
        _output(config, size),
        _feed_forward(config, size),
        _norms(config, size),
    )


def parameter_count(config: Config) -> int:
    """How many parameters an Encoder has: as many as sum(p.numel() for p in its parameters())."""
    return sum(part.parameters.value for part in part_costs(config, tokens=1))


def key_value_cache(config: Config, tokens: int, *, batch: int = 1) -> Amount:
    """Bytes of the keys and values that a decoder-only model keeps to write the next token.

    Source: Shazeer (2019), "Fast Transformer Decoding", section 2.4; fewer key/value heads make it
    smaller (Ainslie et al., 2023, "GQA").
    """
    size = _Sizes(config, tokens, batch)
    return 2 * NUMBER_BYTES * size.B * size.N * size.G * size.D * size.L


def peak_memory(config: Config, tokens: int, *, batch: int = 1) -> Amount:
    """The most bytes that Encoder.forward holds at one time, input included, parameters not.

    A forward is a trace, which keeps all layers' numbers to the end: in each layer five times
    L·E in attention (queries, keys, values, the heads' outputs, the output), three times H·L²
    (energy, scores, weights) and two vectors in the residual stream for each token. On top come,
    in the last layer, the hidden units of the feed-forward, or a sum before it is normed. In
    evaluation, under inference_mode, without a mask; one adds 4·H·L² bytes for a while.
    """
    size, architecture = _Sizes(config, tokens, batch), config.architecture
    vectors, cells = size.B * size.L * size.E, size.B * size.H * size.L * size.L
    streams = 1 if architecture.attention_only else 2
    kept = size.N * ((5 + streams) * vectors + 3 * cells)
    working = [vectors]
    if not architecture.attention_only:
        units = (3 if architecture.gated else 2) * size.B * size.L * size.F
        # With post-norm, the stream's last vectors aren't there yet; with pre-norm, the normed copy
        # that the feed-forward works on is there in their place.
        working.append(units - vectors if architecture.norm_order == "post" else units)
    if architecture.positions == "alibi":
        # The last layer's bias, before its output and the stream's vectors are there.
        working.append(size.H * size.L * size.L - (1 + streams) * vectors)
    most = max(working, key=lambda amount: amount.value)
    added = architecture.embedding_norm or architecture.positions in ("sinusoidal", "learned")
    entered = ZERO  # vectors to which nothing is added are the stream's first
    if config.vocabulary:
        entered = ID_BYTES * size.B * size.L
    elif added:
        entered = NUMBER_BYTES * vectors
    return NUMBER_BYTES * (vectors + kept + most) + entered


def crossover(config: Config, *, whole: bool = False) -> float:
    """From how many tokens on attention needs more multiply-adds than the feed-forward.

    Args:
        config: heads, layers and temperature make no difference to attention's quadratic part.
        whole: False compares what grows with L² alone, q·k and the weighted sum: L = F (3/2 F
            with a gate), which is 4·E in the paper. True compares all of attention, with its
            projections and fc_out: L = 2·E in the paper.

    Returns:
        The length at which both are equal, exactly: a whole number or a half; 0 where attention
        needs more at any length.
    """
    # Both sides divided by L·E: 2·L, with the projections and fc_out, and the matrices' F.
    size, head_dim = config.embed_size, config.embed_size // config.heads
    matrices = 3 if config.architecture.gated else 2
    hidden = 0 if config.architecture.attention_only else config.hidden_size
    width = 0
    if whole and config.architecture.projection == "shared":
        width = 3 * head_dim + size
    elif whole:
        width = 2 * size + 2 * (config.kv_heads or config.heads) * head_dim
    return max(0.0, (matrices * hidden - width) / 2)


def predict_seconds(config: Config, tokens: int, rates: Rates, *, batch: int = 1) -> float:
    """How long a forward pass takes on a machine with such rates.

    Each part takes as long as its multiply-adds or the bytes that it moves, whichever is longer:
    the roofline of Williams et al. (2009), "Roofline: An Insightful Visual Performance Model".
    What each layer takes however small it is comes on top, and so does memory that is fetched from
    the system: a pass that needs more than FRESH_FROM bytes gets all of them anew each time.
    """
    peak = peak_memory(config, tokens, batch=batch).value
    fetching = peak / rates.fresh_bytes if peak > FRESH_FROM else 0.0
    return (
        config.layers * rates.layer_seconds
        + fetching
        + sum(
            max(part.multiply_adds.value / rates.multiply_adds, part.moved.value / rates.bytes)
            for part in part_costs(config, tokens, batch=batch)
        )
    )


class _Sizes:
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


def _embedding(config: Config, size: _Sizes) -> Part:
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


def _projections(config: Config, size: _Sizes) -> Part:
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


def _attention(size: _Sizes) -> tuple[Part, Part, Part]:
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


def _output(config: Config, size: _Sizes) -> Part:
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


def _feed_forward(config: Config, size: _Sizes) -> Part:
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


def _norms(config: Config, size: _Sizes) -> Part:
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


def _norm_parameters(config: Config, size: _Sizes) -> Amount:
    """LayerNorm's scale and shift, or RMSNorm's scale."""
    return (2 if config.architecture.norm == "layer" else 1) * size.E


def _norm_steps(config: Config) -> int:
    """Elementary operations a number.

    Added for the mean, which is subtracted; squared; added for the variance; divided; scaled;
    shifted. RMSNorm has no mean, and nothing to shift by.
    """
    return 7 if config.architecture.norm == "layer" else 4
