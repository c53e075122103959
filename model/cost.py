"""What a whole forward pass costs: its memory and its time, and where attention costs most.

Of an Encoder, with the letters and the ways of counting of model/cost_parts.
"""

from dataclasses import dataclass

from .amount import ZERO, Amount
from .config import Config
from .cost_parts import ID_BYTES, NUMBER_BYTES, Sizes, part_costs

# The GNU C library keeps less than this for the next pass, and gives more back to the system:
# M_TRIM_THRESHOLD in mallopt(3), as it adjusts itself. Windows and macOS do alike from other sizes.
FRESH_FROM = 64 * 2**20


@dataclass(frozen=True)
class Rates:
    """The speed of a machine."""

    multiply_adds: float  # a second, in matrix products
    bytes: float  # a second, read and written by operations on each number
    fresh_bytes: float  # a second, of memory that the system has to provide and clear first
    layer_seconds: float  # what a layer takes however small it is


def key_value_cache(config: Config, tokens: int, *, batch: int = 1) -> Amount:
    """Return the bytes of the keys and values that a decoder keeps to write the next token.

    Source: Shazeer (2019), "Fast Transformer Decoding", section 2.4; fewer key/value heads make it
    smaller (Ainslie et al., 2023, "GQA").
    """
    size = Sizes(config, tokens, batch)
    return 2 * NUMBER_BYTES * size.B * size.N * size.G * size.D * size.L


def peak_memory(config: Config, tokens: int, *, batch: int = 1) -> Amount:
    """Return the most bytes that Encoder.forward holds at one time, without its parameters.

    A forward is a trace, which keeps all layers' numbers to the end: in each layer five times
    L·E in attention (queries, keys, values, the heads' outputs, the output), three times H·L²
    (energy, scores, weights) and two vectors in the residual stream for each token. On top come,
    in the last layer, the hidden units of the feed-forward, or a sum before it is normed. In
    evaluation, under inference_mode, without a mask; one adds 4·H·L² bytes for a while.
    """
    size, architecture = Sizes(config, tokens, batch), config.architecture
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
    """Return from how many tokens on attention needs more multiply-adds than the feed-forward.

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
    """Predict how long a forward pass takes on a machine with such rates.

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
