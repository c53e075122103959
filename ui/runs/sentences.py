"""What is read: a padded batch of sentences, and which of two an attention is about."""

from dataclasses import dataclass

import numpy as np

from model.transformer import AttentionKind as Kind
from ui.text.i18n import _
from viz.labels import AxisLabels, token_labels


def asks_source(kind: Kind) -> bool:
    """Whether the queries of a kind of attention come from the source."""
    return kind == "encoder_self"


def looks_at_source(kind: Kind) -> bool:
    """Whether the keys of a kind of attention come from the source."""
    return kind != "decoder_self"


@dataclass(frozen=True)
class Sentences:
    """A padded batch of B sentences."""

    tokens: tuple[tuple[str, ...], ...]  # B sentences of L tokens, padding included
    lengths: tuple[int, ...]  # the sentences' own tokens

    @property
    def length(self) -> int:
        """L, the length of the longest sentence."""
        return max(self.lengths)

    def words(self, sentence: int) -> np.ndarray:
        """Return which of the tokens are the sentence's own words, (L,) booleans."""
        return np.arange(len(self.tokens[sentence])) < self.lengths[sentence]

    def labels(self, sentence: int) -> AxisLabels:
        """Return the tokens of a sentence as they stand at an axis."""
        return token_labels(self.tokens[sentence], _("position"))
