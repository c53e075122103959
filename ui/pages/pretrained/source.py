"""Where Pretrained's numbers come from: models that others have trained."""

import re
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from model.pretrained.base import ModelKind, PretrainedModel, StackSize
from ui.frame.source import Source
from ui.link.interventions import values_of
from ui.link.memory import value_of
from ui.pages.pretrained.settings import count_sentences, pretrained_settings, special_tokens_in_use
from ui.runs.export import Contents
from ui.runs.pretrained import PretrainedRun, PretrainedSettings, compute_pretrained
from ui.text.i18n import _, ngettext
from ui.text.markdown import plain, verbatim
from ui.views.divisor import divisors_text

MOST_NAMED = 8  # words that a model doesn't know
FIRST_BYTES = re.compile(r" 1/\d$")  # of a character that several tokens make: see Subwords.shown


class Pretrained(Source[PretrainedSettings, PretrainedRun]):
    """Weights that others have trained."""

    def settings(self) -> PretrainedSettings:
        """Return what is chosen at this moment."""
        return pretrained_settings()

    def compute(self, settings: PretrainedSettings) -> PretrainedRun:
        """Return the numbers of these settings.

        Raises:
            ModelUnavailableError: if the model can't be used.
            NoStartTokenError: if nothing is typed that a target could begin with.
        """
        return compute_pretrained(settings)

    def describe(self, run: PretrainedRun) -> str:
        """Return the model's name, kind and sizes, and how many heads are removed."""
        said = _("**trained weights**: {name}, {model}, energies ÷ {divisor}").format(
            name=plain(run.model.name), model=_stacks(run.model), divisor=divisors_text(run)
        )
        if count := len(run.settings.removed):
            removed = ngettext("**{count} head removed**", "**{count} heads removed**", count)
            said += ", " + removed.format(count=count)
        if count := len(run.settings.changed):
            changed = ngettext("**{count} change by hand**", "**{count} changes by hand**", count)
            said += ", " + changed.format(count=count)
        return said

    def notices(self, run: PretrainedRun) -> list[str]:
        """Return what of the text the model's vocabulary has no token for."""
        every = [subwords for side in run.computed.sides for subwords in side.subwords]
        words = {
            subwords.word_texts[word]: None
            for subwords in every
            for word, unknown in zip(subwords.words, subwords.unknown, strict=True)
            if unknown
        }
        torn = [
            shown[:-4].strip("␣") for s in every for shown in s.shown if FIRST_BYTES.search(shown)
        ]
        torn = [character for character in torn if not character.startswith("U+")]  # lone joiners
        unknown = _("{name} has no token for {named}{more}: they become [UNK], the same for all.")
        in_bytes = _(
            "{name} has no token for {named}{more}: it reads their bytes, several tokens to a "
            "character (1/3, 2/3 ...)."
        )
        return [
            said.format(
                name=plain(run.model.name),
                named=", ".join(map(verbatim, found[:MOST_NAMED])),
                more=_(" and others") if len(found) > MOST_NAMED else "",
            )
            for said, found in ((unknown, list(words)), (in_bytes, list(dict.fromkeys(torn))))
            if found
        ]

    def contents(self, run: PretrainedRun) -> Contents:
        """Return token ids and predictions; the weights everybody can get."""
        model = run.model
        arrays: dict[str, np.ndarray] = {}
        for side, name in ((run.computed.source, "ids"), (run.computed.target, "target_ids")):
            if side is not None:
                arrays[name] = np.full((len(side.lengths), side.length), -1)  # -1: padding
                for row, subwords in zip(arrays[name], side.subwords, strict=True):
                    row[: len(subwords)] = subwords.ids
        if run.settings.together and run.sentences.subwords[0].token_types:
            arrays["token_types"] = np.array([run.sentences.subwords[0].token_types])
        if run.next_logits is not None:
            arrays["next_logits"] = run.next_logits.numpy()
        output = run.computed.output
        if output.class_logits is not None:
            arrays["class_logits"] = output.class_logits.numpy()
        if output.mask_logits:  # of all sentences' masks, one after the other
            arrays["mask_logits"] = torch.cat(output.mask_logits).numpy()
        about = {name: getattr(model, name) for name in ("name", "kind", "embed_size", "longest")}
        sizes: dict[str, dict[str, Any]]
        sizes = {kind: asdict(size) for kind, size in model.sizes.items()}
        described = sizes if len(sizes) > 1 else sizes["encoder_self"]
        return Contents(_written(run.settings), {**about, **described}, arrays)

    def file_stems(self) -> tuple[str, str]:
        """Return stems with the model."""
        model = re.sub(r"[^\w.-]+", "_", value_of("model"))
        kind = f"{value_of('kind')}_" if value_of("kind") != "encoder_self" else ""
        return model, f"{kind}{model}_layer_{value_of('layer')}"

    def layout(self) -> tuple[Any, ...]:
        """Return the view, the model, and which tokens can be hidden."""
        keys = ("view", "model", "kind", "special", "first", "together")
        return (*map(value_of, keys), special_tokens_in_use())

    def count_sentences(self) -> int:
        """Return how many sentences can be looked at."""
        return count_sentences()


PRETRAINED = Pretrained()


def _written(settings: PretrainedSettings) -> dict[str, Any]:
    """Return settings as a file has them: what is changed by hand as in links, where it is."""
    written = asdict(settings)
    del written["changed"], written["other"]
    changed = {key: value for key, value in values_of(settings.changed).items() if value}
    other = {"from_text": settings.other} if settings.other else {}
    return {**written, **changed, **other}


def _stacks(model: PretrainedModel) -> str:
    """Return a model's kind, layers and heads; a decoder may have others than its encoder."""
    sizes = list(dict.fromkeys(model.sizes.values()))
    if len(sizes) == 1:
        return _("{kind}, {size}").format(kind=_kind_word(model.kind), size=_size(sizes[0]))
    return _("encoder of {encoder} and decoder of {decoder}").format(
        encoder=_size(model.sizes["encoder_self"]), decoder=_size(model.sizes["decoder_self"])
    )


def _size(size: StackSize) -> str:
    layers = ngettext("{count} layer", "{count} layers", size.layers).format(count=size.layers)
    heads = ngettext("{count} head", "{count} heads", size.heads).format(count=size.heads)
    return _("{layers} × {heads}").format(layers=layers, heads=heads)


def _kind_word(kind: ModelKind) -> str:
    return {
        "encoder": _("encoder"),
        "decoder": _("decoder"),
        "encoder-decoder": _("encoder and decoder"),
    }[kind]
