"""How much each word of a sentence looks at each other: of one trained head, or of a random one."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import torch
from cachetools import LRUCache, cached

from model.pretrained.stack import StackModel
from model.subwords import Subwords
from ui.choices.examples import TELLING
from ui.choices.limits import MAX_CHARACTERS
from ui.choices.sizes import most_tokens_of
from ui.frame.messages import describe_cut, describe_left_out
from ui.frame.random_source import MODEL_KEYS, NO_MASK_OPTIONS
from ui.link.common_parameters import RANDOM
from ui.runs.model_store import model_of
from ui.runs.random_weights import Settings, compute
from ui.runs.subword_display import SubwordDisplay, SubwordSentences, displayed_weights
from ui.runs.word_vectors import use_one_thread
from ui.server.turns import take_turn
from ui.text.i18n import _
from viz.labels import AxisLabels

MODEL = "minilm"
LAYER, HEAD = TELLING[MODEL]["layer"], TELLING[MODEL]["head"]
RANDOM_HEAD = 0
# Words as people know them, without the marks around a sentence; their rows don't sum to one.
AS_WORDS = SubwordDisplay(merge_words=True, show_special=False)
KEPT_BYTES = 4 * 2**20  # of weights that all sessions share: what a class opens with


@dataclass(frozen=True)
class Looks:
    """The weights of one head between the L words of a sentence."""

    words: tuple[str, ...]
    labels: AxisLabels
    weights: np.ndarray  # (L, L), 0 to 1: from each word (row) to each (column)
    telling: int  # the word that looks most at another one
    name: str  # of the head
    notices: tuple[str, ...]  # what was cut
    is_trained: bool


def trained_looks(text: str) -> Looks:
    """Return how the words of a text look at each other in MiniLM's head that finds the animal.

    Raises:
        ModelUnavailableError: if the model can't be used.
    """
    model = model_of(MODEL)
    assert isinstance(model, StackModel)
    most = min(model.longest, most_tokens_of(sum(size.heads for size in model.sizes.values())))
    subwords, weights = _head(model, text[:MAX_CHARACTERS], most)
    side = SubwordSentences((subwords.shown,), (len(subwords),), (subwords,)).side(0, AS_WORDS)
    merged = displayed_weights(weights, side, side, renormalise=False)
    cut = (describe_left_out(most, subwords.left_out),) if subwords.left_out else ()
    name = _("MiniLM, layer {layer}, head {head}").format(layer=LAYER, head=HEAD)
    return _looks(side.names, side.labels, merged.numpy(), name, cut, is_trained=True)


def random_looks(text: str) -> Looks:
    """Return the same of the first head with which Explore opens."""
    model = {key: RANDOM[key].default for key in (*MODEL_KEYS, "positions", "vectors")}
    settings = Settings(texts=(text,), mask="none", **NO_MASK_OPTIONS, **model)
    run = compute(settings)
    attention = run.attention()
    name = _("random weights, head {head}").format(head=RANDOM_HEAD)
    weights = attention.field("weights")[RANDOM_HEAD]
    cut = describe_cut(run)
    return _looks(attention.queries, attention.query_labels, weights, name, cut, is_trained=False)


_heads: LRUCache[tuple[str, int], tuple[Subwords, torch.Tensor]] = LRUCache(
    KEPT_BYTES, getsizeof=lambda kept: int(kept[1].nbytes)
)


@cached(_heads, key=lambda model, text, most: (text, most), lock=Lock())
def _head(model: StackModel, text: str, most: int) -> tuple[Subwords, torch.Tensor]:
    """The sub-words of a text, and the head's weights between them, (L, L)."""
    use_one_thread()
    subwords = model.tokenizer.encode(text, most)
    take_turn((LAYER + 1) * model.sizes["encoder_self"].heads * len(subwords) ** 2)
    ids = torch.tensor([subwords.ids], dtype=torch.long)
    return subwords, model.weights_of(ids, [len(subwords)], LAYER)[0, HEAD].clone()


def _looks(
    words: tuple[str, ...],
    labels: AxisLabels,
    weights: np.ndarray,
    name: str,
    notices: Sequence[str],
    *,
    is_trained: bool,
) -> Looks:
    telling = 0
    if words:
        to_others = weights * (1 - np.eye(len(words), dtype=weights.dtype))
        telling = int(to_others.max(axis=1).argmax())
    return Looks(words, labels, weights, telling, name, tuple(notices), is_trained)
