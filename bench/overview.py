"""From a key press to all heads of all layers painted, against the smallest app."""

from dataclasses import replace

from bench.paint import TOKENS, compare, repeats
from bench.report import Row
from bench.settings import Options

LAYERS = 12
HEADS = 12
EMBED_SIZE = 96
PARAMETERS = (
    ("view", "layers"),
    ("layers", str(LAYERS)),
    ("heads", str(HEADS)),
    ("embed_size", str(EMBED_SIZE)),
)
TARGET = 2.5


def measure(options: Options) -> list[Row]:
    """The thumbnails of every head in one picture against one 32x32 heatmap."""
    small, headlight = options.apps
    samples = compare(small, replace(headlight, parameters=PARAMETERS), repeats(options))
    case = f"{LAYERS} layers of {HEADS} heads, {TOKENS} tokens"
    return [samples.row("overview", case, TARGET), samples.live_row("overview", case)]
