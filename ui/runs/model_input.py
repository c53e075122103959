"""What a trained model reads of sentences: sub-words, cut to the limits, and their ids."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from model.pretrained.base import NoStartTokenError, PretrainedModel
from model.seeded import PADDING
from ui.choices.limits import MAX_CHARACTERS, MOST_ADDED
from ui.choices.sizes import most_tokens_of
from ui.runs.subword_display import SubwordSentences


@dataclass(frozen=True)
class Input:
    """What a model reads, as sub-words and as ids."""

    source: SubwordSentences
    ids: Tensor  # (B, S)
    most_tokens: int
    target: SubwordSentences | None = None
    target_ids: Tensor | None = None  # (1, T)
    token_types: Tensor | None = None  # (1, S)

    def cells(self, model: PretrainedModel) -> int:
        """Return how many weights all of a model's heads have on it."""
        pairs = {"encoder_self": len(self.source.lengths) * self.source.length**2}
        if self.target is not None:
            pairs["decoder_self"] = self.target.length**2
            pairs["cross"] = self.source.length * self.target.length
        return sum(size.layers * size.heads * pairs[kind] for kind, size in model.sizes.items())


def most_added(model: PretrainedModel, most: int) -> int:
    """Return how many tokens a model may write: some of the text still has to fit before them."""
    return min(MOST_ADDED, model.longest // 2, most // 2)


def input_of(
    model: PretrainedModel, texts: tuple[str, ...], added: tuple[int, ...], *, together: bool
) -> Input:
    """Return what a model reads of texts, and of what it has written after them.

    Raises:
        NoStartTokenError: if there is no target, and the model names nothing that begins one.
    """
    maps = sum(size.layers * size.heads for size in model.sizes.values())
    sentences = 1 if model.kind == "encoder-decoder" or together else len(texts)
    most = min(model.longest, most_tokens_of(sentences * maps))
    added = added[: most_added(model, most)]
    if model.kind == "encoder-decoder":
        source, ids = _split(model, texts[:1], most)
        target, target_ids = _split_target(model, texts[1] if len(texts) > 1 else "", added, most)
        return Input(source, ids, most, target, target_ids)
    if together:
        source, ids, token_types = _split_pair(model, texts[0], texts[1], most)
        return Input(source, ids, most, token_types=token_types)
    source, ids = _split(model, texts, most, added)
    return Input(source, ids, most)


def _split(
    model: PretrainedModel, texts: Sequence[str], most: int, added: tuple[int, ...] = ()
) -> tuple[SubwordSentences, Tensor]:
    """Return the sub-words of each sentence, cut to the limit and padded, and their ids (B, L)."""
    subwords = tuple(model.tokenizer.encode(text[:MAX_CHARACTERS], most, added) for text in texts)
    lengths = tuple(map(len, subwords))
    longest = max(1, *lengths)  # no model runs on nothing
    tokens = tuple((*s.shown, *[PADDING] * (max(lengths) - len(s))) for s in subwords)
    ids = torch.zeros(len(subwords), longest, dtype=torch.long)
    for row, each in zip(ids, subwords, strict=True):
        row[: len(each)] = torch.tensor(each.ids, dtype=torch.long)
    return SubwordSentences(tokens, lengths, subwords), ids


def _split_pair(
    model: PretrainedModel, first: str, second: str, most: int
) -> tuple[SubwordSentences, Tensor, Tensor | None]:
    """Return both sentences as the one that a model reads, its ids and their types, (1, L)."""
    subwords = model.tokenizer.encode_pair(first[:MAX_CHARACTERS], second[:MAX_CHARACTERS], most)
    sentences = SubwordSentences((subwords.shown,), (len(subwords),), (subwords,))
    types = torch.tensor([subwords.token_types]) if subwords.token_types else None
    return sentences, torch.tensor([subwords.ids]), types


def _split_target(
    model: PretrainedModel, text: str, added: tuple[int, ...], most: int
) -> tuple[SubwordSentences, Tensor]:
    """Return what an encoder's decoder has written: its start, the text, and what was added."""
    begins = () if model.decoder_start is None else (model.decoder_start,)
    room = most - len(begins) - len(added)
    typed = model.tokenizer.encode(text[:MAX_CHARACTERS], room, around=False)
    ids = (*begins, *typed.ids, *added)
    if not ids:
        raise NoStartTokenError(model.name)
    subwords = replace(model.tokenizer.encode("", added=ids, around=False), left_out=typed.left_out)
    sentences = SubwordSentences((subwords.shown,), (len(subwords),), (subwords,))
    return sentences, torch.tensor([ids], dtype=torch.long)
