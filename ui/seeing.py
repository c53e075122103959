"""Attention of sub-words as people want to see it: merged to words, without special tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from model.subwords import Subwords
from model.words import keep_tokens, merge_to_words
from ui.i18n import _
from ui.run import Attention, Sentences
from ui.text import plain
from viz.labels import AxisLabels, token_labels

BETWEEN = ("energy", "scores", "weights")
OF_QUERIES = ("queries", "head_outputs", "output")


@dataclass(frozen=True)
class Seeing:
    """What a person wants to see of a sentence's tokens."""

    words: bool = False  # sub-words merged to words
    special: bool = True  # [CLS] and the like, and the padding
    rest: bool = False  # where any are hidden, rows of weights brought to 1 again
    first: bool = True  # what is read first, where heads rest; with `words`, its whole word

    @property
    def is_whole(self) -> bool:
        """Whether all tokens are shown, one by one."""
        return self.special and self.first and not self.words


WHOLE = Seeing()


@dataclass(frozen=True)
class SubwordSentences(Sentences):
    """Sentences as a model's tokeniser splits them."""

    subwords: tuple[Subwords, ...]

    def labels(self, sentence: int) -> AxisLabels:
        """The tokens as they stand at an axis, with the vocabulary's own spelling on hover."""
        return self.side(sentence, WHOLE).labels

    def own(self, sentence: int, seeing: Seeing) -> "Side":
        """What of a sentence is shown, without padding."""
        subwords = self.subwords[sentence]
        return SubwordSentences((subwords.shown,), (len(subwords),), (subwords,)).side(0, seeing)

    def side(self, sentence: int, seeing: Seeing) -> "Side":
        """What of a sentence is shown."""
        subwords, tokens = self.subwords[sentence], self.tokens[sentence]
        kept = tuple(range(len(tokens)))
        if not seeing.special:
            kept = tuple(i for i, special in enumerate(subwords.special) if not special)
        if not seeing.first:
            first = first_tokens(subwords, words=seeing.words)
            kept = tuple(i for i in kept if i not in first)
        padding = range(len(tokens) - len(subwords))
        last = len(subwords.word_texts)
        word_of = (*subwords.words, *(last + i for i in padding))
        numbers = sorted({word_of[i] for i in kept})
        row_of = {number: row for row, number in enumerate(numbers)}
        return Side(
            subwords,
            tokens,
            kept,
            tuple(row_of[word_of[i]] for i in kept) if seeing.words else None,
        )


@dataclass(frozen=True)
class Side:
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
        """Which of two sentences that are read together a row is of."""
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
class SeenAttention(Attention):
    """An attention of which not all tokens are shown, or not one by one."""

    seeing: Seeing

    @property
    def whole(self) -> Attention:
        """The attention with all of its tokens, one by one."""
        return Attention(self.run, self.kind, self.layer, self.sentence)

    def at(self, field: str) -> Attention:
        """Only weights can be merged to words; what else there is belongs to single tokens."""
        if field == "weights" or not self.seeing.words:
            return self
        return replace(self, seeing=replace(self.seeing, words=False))

    @cached_property
    def _rows(self) -> Side:
        side = self.query_side
        assert isinstance(side, SubwordSentences)  # a trained model's are
        return side.side(self.sentence, self.seeing)

    @cached_property
    def _columns(self) -> Side:
        side = self.key_side
        assert isinstance(side, SubwordSentences)
        return side.side(self.sentence, self.seeing)

    def field(self, name: str) -> np.ndarray:
        """A field of the trace as it is shown."""
        values = super().field(name)
        if name == "weights":
            return self.seen(values)
        if name in BETWEEN:
            return values[:, self._rows.kept][:, :, self._columns.kept]
        kept = self._rows.kept if name in OF_QUERIES else self._columns.kept
        return values[..., kept, :]

    def seen(self, weights: np.ndarray) -> np.ndarray:
        """Weights of any kind, (..., Q, K), as they are shown."""
        rows, columns = self._rows, self._columns
        seen = torch.from_numpy(weights)
        seen = keep_tokens(seen, rows.kept, columns.kept, renormalise=self._is_brought_to_one)
        if rows.words is not None and columns.words is not None and seen.numel():
            seen = merge_to_words(seen, rows.words, columns.words)
        return seen.numpy()

    @property
    def _is_brought_to_one(self) -> bool:
        return self.seeing.rest and len(self._columns.kept) < len(self._columns.tokens)

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


def _starts(groups: list[list[int]]) -> np.ndarray:
    """Where each group begins when they stand behind each other."""
    return np.cumsum([0, *map(len, groups[:-1])])


def first_tokens(subwords: Subwords, *, words: bool) -> set[int]:
    """Return which tokens are read first: one, or all of the first word; none of no tokens."""
    if not words:
        return set(range(len(subwords))[:1])
    return {i for i, word in enumerate(subwords.words) if word == subwords.words[0]}


def told(seeing: Seeing, subwords: Sequence[Subwords]) -> list[str]:
    """What is said on the screen of the way in which attention is shown."""
    said = []
    if seeing.words:
        has_parts = any(len(set(each.words)) < len(each) for each in subwords)
        said.append(
            _(
                "Sub-words are merged to words: weights to a word are summed, from a word averaged "
                "(Clark et al., 2019)."
            )
            if has_parts
            else _("Every word of this text is one token: there is nothing to merge.")
        )
    special = ", ".join(_special(subwords)) if not seeing.special else ""
    first = ", ".join(_first(seeing, subwords)) if not seeing.first else ""
    if first:
        said += _told_first(first, special, seeing)
    elif special:
        text = (
            _("{tokens} are hidden, and each row is brought to a sum of 1 again.")
            if seeing.rest
            else _("{tokens} are hidden: rows show what is left, and don't sum to 1.")
        )
        said.append(text.format(tokens=special))
    return said


def told_of_pair(subwords: Subwords) -> list[str]:
    """What is said of two sentences that are read together: where each of them is."""
    places = [[i for i, n in enumerate(subwords.sentences) if n == number] for number in (0, 1)]
    if not all(places):
        return []
    (first, *_rest), (second, *_more) = places
    return [
        _(
            "Both sentences are read in one pass: positions {first} to {first_end} are the first, "
            "{second} to {second_end} the second."
        ).format(first=first, first_end=places[0][-1], second=second, second_end=places[1][-1])
    ]


def _told_first(first: str, special: str, seeing: Seeing) -> list[str]:
    """What is said where the first token is hidden, and perhaps special ones are."""
    if special and seeing.words:
        hidden = _("{tokens} are hidden, and so is the first word ({first}).")
    elif special:
        hidden = _("{tokens} are hidden, and so is the first token ({first}).")
    elif seeing.words:
        hidden = _("The first word ({first}) is hidden.")
    else:
        hidden = _("The first token ({first}) is hidden.")
    rows = (
        _("Each row is brought to a sum of 1 again.")
        if seeing.rest
        else _("Rows show what is left, and don't sum to 1.")
    )
    return [hidden.format(tokens=special, first=first), rows]


def _special(every: Sequence[Subwords]) -> list[str]:
    """The special tokens that there are."""
    pairs = (pair for each in every for pair in zip(each.shown, each.special, strict=True))
    return sorted({plain(shown) for shown, special in pairs if special})


def _first(seeing: Seeing, every: Sequence[Subwords]) -> list[str]:
    """What is read first in each text, without what is hidden as a special token anyway."""
    shown = [
        each.word_texts[each.words[0]] if seeing.words else each.shown[0]
        for each in every
        if len(each) and (seeing.special or not each.special[0])
    ]
    return [plain(name) for name in dict.fromkeys(shown)]
