"""How much each word of a sentence looks at each other: of one trained head, or of a random one."""

from dataclasses import dataclass

import numpy as np

from ui.choices.examples import TELLING
from ui.frame.messages import describe_cut
from ui.frame.random_source import MODEL_KEYS, NO_MASK_OPTIONS
from ui.link.common_parameters import RANDOM
from ui.runs.pretrained import PretrainedSettings, compute_pretrained
from ui.runs.random_weights import Settings, compute
from ui.runs.run import Run
from ui.runs.subword_display import SubwordDisplay
from ui.text.i18n import _
from viz.labels import AxisLabels

MODEL = "minilm"
LAYER, HEAD = TELLING[MODEL]["layer"], TELLING[MODEL]["head"]
RANDOM_HEAD = 0
# Words as people know them, without the marks around a sentence; their rows don't sum to one.
AS_WORDS = SubwordDisplay(merge_words=True, show_special=False)


@dataclass(frozen=True)
class Looks:
    """The weights of one head between the L words of a sentence."""

    words: tuple[str, ...]
    labels: AxisLabels
    weights: np.ndarray  # (L, L), 0 to 1: from each word (row) to each (column)
    telling: int  # the word that looks most at another one
    name: str  # of the head
    notices: tuple[str, ...]  # what was cut


def trained_looks(text: str) -> Looks:
    """Return how the words of a text look at each other in MiniLM's head that finds the animal.

    Raises:
        ModelUnavailableError: if the model can't be used.
    """
    settings = PretrainedSettings(MODEL, (text,), display=AS_WORDS)
    return _looks(
        compute_pretrained(settings),
        LAYER,
        HEAD,
        _("MiniLM, layer {layer}, head {head}").format(layer=LAYER, head=HEAD),
    )


def random_looks(text: str) -> Looks:
    """Return the same of the first head with which Explore opens."""
    model = {key: RANDOM[key].default for key in (*MODEL_KEYS, "positions", "vectors")}
    settings = Settings(texts=(text,), mask="none", **NO_MASK_OPTIONS, **model)
    name = _("random weights, head {head}").format(head=RANDOM_HEAD)
    return _looks(compute(settings), 0, RANDOM_HEAD, name)


def _looks(run: Run, layer: int, head: int, name: str) -> Looks:
    attention = run.attention(layer)
    words = attention.queries
    if not words:
        return Looks((), attention.query_labels, np.zeros((0, 0)), 0, name, ())
    weights = attention.field("weights")[head]
    to_others = weights * (1 - np.eye(len(words), dtype=weights.dtype))
    telling = int(to_others.max(axis=1).argmax())
    cut = tuple(describe_cut(run))
    return Looks(words, attention.query_labels, weights, telling, name, cut)
