"""Attention of sub-words as people want to see it: merged to words, without special tokens."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from model.subwords import Subwords
from model.words import keep_tokens, merge_to_words
from ui.choices.options import BETWEEN_TOKENS
from ui.runs.run import Attention
from ui.runs.sentences import Sentences
from ui.text.i18n import _
from viz.labels import AxisLabels, token_labels

OF_QUERIES = ("queries", "head_outputs", "output")


@dataclass(frozen=True)
class SubwordDisplay:
    """Which of a sentence's tokens to show, and how."""

    merge_words: bool = False  # sub-words become one word
    show_special: bool = True  # [CLS] and the like, and the padding
    show_first: bool = True  # what is read first, where heads rest; of merged words, the first
    renormalise: bool = False  # where any are hidden, bring rows of weights to 1 again

    @property
    def is_whole(self) -> bool:
        """Whether all tokens are shown, one by one."""
        return self.show_special and self.show_first and not self.merge_words


WHOLE = SubwordDisplay()


@dataclass(frozen=True)
class SubwordSentences(Sentences):
    """Sentences as a model's tokeniser splits them."""

    subwords: tuple[Subwords, ...]

    def words(self, sentence: int) -> np.ndarray:
        """Return which of the tokens are the sentence's own, and not special, (L,) booleans."""
        words = super().words(sentence)
        special = self.subwords[sentence].special
        words[: len(special)] &= ~np.array(special, dtype=bool)
        return words

    def labels(self, sentence: int) -> AxisLabels:
        """Return the tokens as they stand at an axis, with the vocabulary's spelling on hover."""
        return self.side(sentence, WHOLE).labels

    def own(self, sentence: int, display: SubwordDisplay) -> "DisplayedSentence":
        """Return what is shown of a sentence, without padding."""
        subwords = self.subwords[sentence]
        return SubwordSentences((subwords.shown,), (len(subwords),), (subwords,)).side(0, display)

    def side(self, sentence: int, display: SubwordDisplay) -> "DisplayedSentence":
        """Return what is shown of a sentence."""
        subwords, tokens = self.subwords[sentence], self.tokens[sentence]
        kept = tuple(range(len(tokens)))
        if not display.show_special:
            kept = tuple(i for i, special in enumerate(subwords.special) if not special)
        if not display.show_first:
            first = _first_tokens(subwords, words=display.merge_words)
            kept = tuple(i for i in kept if i not in first)
        padding = range(len(tokens) - len(subwords))
        last = len(subwords.word_texts)
        word_of = (*subwords.words, *(last + i for i in padding))
        numbers = sorted({word_of[i] for i in kept})
        row_of = {number: row for row, number in enumerate(numbers)}
        return DisplayedSentence(
            subwords,
            tokens,
            kept,
            tuple(row_of[word_of[i]] for i in kept) if display.merge_words else None,
        )


@dataclass(frozen=True)
class DisplayedSentence:
    """The rows or columns that are shown of a sentence."""

    subwords: Subwords
    tokens: tuple[str, ...]  # all of them, padding included
    kept: tuple[int, ...]  # tokens that are shown
    words: tuple[int, ...] | None  # for each of them, the row that it is merged into

    @cached_property
    def groups(self) -> list[list[int]]:
        """For each row its tokens."""
        if self.words is None:
            return [[token] for token in self.kept]
        groups: dict[int, list[int]] = {}
        for token, row in zip(self.kept, self.words, strict=True):
            groups.setdefault(row, []).append(token)
        return list(groups.values())

    @property
    def names(self) -> tuple[str, ...]:
        """What each row is called."""
        if self.words is None:
            return tuple(self.tokens[token] for token in self.kept)
        texts, words, own = self.subwords.word_texts, self.subwords.words, len(self.subwords)
        return tuple(
            texts[words[group[0]]] if group[0] < own else self.tokens[group[0]]
            for group in self.groups
        )

    @property
    def labels(self) -> AxisLabels:
        """The rows as they stand at an axis; on hover, the pieces as the vocabulary has them."""
        names = self.names
        return token_labels(
            names,
            _("position"),
            places=[group[0] for group in self.groups],
            notes=[self._note(name, group) for name, group in zip(names, self.groups, strict=True)],
        )

    def _note(self, name: str, group: list[int]) -> str:
        return ", ".join(filter(None, (self._spelling(name, group), self._sentence(group))))

    def _sentence(self, group: list[int]) -> str:
        """Return of which of two sentences that are read together a row is."""
        for number in self.subwords.sentences[group[0] : group[0] + 1]:
            if number is not None:
                return _("sentence {number}").format(number=number + 1)
        return ""

    def _spelling(self, name: str, group: list[int]) -> str:
        if any(token < len(self.subwords) and self.subwords.unknown[token] for token in group):
            typed = self.subwords.word_texts[self.subwords.words[group[0]]]
            return _("[UNK] for {text}").format(text=typed)
        pieces = [self.subwords.pieces[token] for token in group if token < len(self.subwords)]
        if pieces in ([], [name]):
            return ""
        return _("piece {pieces}").format(pieces=" + ".join(pieces))


@dataclass(frozen=True)
class DisplayedAttention(Attention):
    """An attention of which not all tokens are shown, or not one by one."""

    display: SubwordDisplay

    @property
    def whole(self) -> Attention:
        """The attention with all of its tokens, one by one."""
        return Attention(self.run, self.kind, self.layer, self.sentence)

    def at(self, field: str) -> Attention:
        """Return it for this field: only weights are merged to words, the rest is of tokens."""
        if field == "weights" or not self.display.merge_words:
            return self
        return replace(self, display=replace(self.display, merge_words=False))

    @cached_property
    def _rows(self) -> DisplayedSentence:
        side = self.query_side
        assert isinstance(side, SubwordSentences)  # a trained model's are
        return side.side(self.sentence, self.display)

    @cached_property
    def _columns(self) -> DisplayedSentence:
        side = self.key_side
        assert isinstance(side, SubwordSentences)
        return side.side(self.sentence, self.display)

    def field(self, name: str) -> np.ndarray:
        """Return a field of the trace as it is shown."""
        values = super().field(name)
        if name == "weights":
            return self.displayed(values)
        if name in BETWEEN_TOKENS:
            return values[:, self._rows.kept][:, :, self._columns.kept]
        kept = self._rows.kept if name in OF_QUERIES else self._columns.kept
        return values[..., kept, :]

    def displayed(self, weights: np.ndarray) -> np.ndarray:
        """Return weights of any kind, (..., Q, K), as they are shown."""
        return displayed_weights(
            torch.from_numpy(weights),
            self._rows,
            self._columns,
            renormalise=self._is_brought_to_one,
        ).numpy()

    @property
    def _is_brought_to_one(self) -> bool:
        return self.display.renormalise and len(self._columns.kept) < len(self._columns.tokens)

    @property
    def queries(self) -> tuple[str, ...]:
        """What the rows are called."""
        return self._rows.names

    @property
    def keys(self) -> tuple[str, ...]:
        """What the columns are called."""
        return self._columns.names

    @property
    def query_labels(self) -> AxisLabels:
        """The rows, as they stand at an axis."""
        return self._rows.labels

    @property
    def key_labels(self) -> AxisLabels:
        """The columns, as they stand at an axis."""
        return self._columns.labels

    @property
    def query_groups(self) -> list[list[int]]:
        """For each row, which of the sentence's tokens it stands for."""
        return self._rows.groups

    @property
    def key_groups(self) -> list[list[int]]:
        """For each column, which of the sentence's tokens it stands for."""
        return self._columns.groups

    @property
    def real_queries(self) -> int:
        """How many of the rows are the sentence's own."""
        own = self.query_side.lengths[self.sentence]
        return sum(group[0] < own for group in self.query_groups)

    @property
    def biases(self) -> np.ndarray | None:
        """What is added to the scores is asked for only where all tokens are shown."""
        return self.whole.biases

    @cached_property
    def allowed(self) -> np.ndarray:
        """Which columns each row may attend to: some of its tokens to some of theirs."""
        allowed = self.whole.allowed[np.ix_(self._rows.kept, self._columns.kept)]
        if not allowed.size:
            return allowed
        allowed = np.logical_or.reduceat(allowed, _starts(self.query_groups), axis=0)
        return np.logical_or.reduceat(allowed, _starts(self.key_groups), axis=1)


def displayed_weights(
    weights: Tensor, rows: DisplayedSentence, columns: DisplayedSentence, *, renormalise: bool
) -> Tensor:
    """Return weights, (..., Q, K), of the tokens that are shown, merged where words are.

    Args:
        weights: of all tokens.
        rows, columns: how the queries and the keys are shown.
        renormalise: whether what is left of a row is brought to one.
    """
    shown = keep_tokens(weights, rows.kept, columns.kept, renormalise=renormalise)
    if rows.words is not None and columns.words is not None and shown.numel():
        shown = merge_to_words(shown, rows.words, columns.words)
    return shown


def _starts(groups: list[list[int]]) -> np.ndarray:
    """Return where each group begins when they stand behind each other."""
    return np.cumsum([0, *map(len, groups[:-1])])


def _first_tokens(subwords: Subwords, *, words: bool) -> set[int]:
    """Return which tokens are read first: one, or all of the first word; none of no tokens."""
    if not words:
        return set(range(len(subwords))[:1])
    return {i for i, word in enumerate(subwords.words) if word == subwords.words[0]}
