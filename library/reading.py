"""From what `show` is given to what a page shows: kinds of attention, with their tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .arrays import finite
from .layers import layers_of
from .model.recording import Recording
from .model.transformer import TransformerTrace
from .remarks import remarks_on
from .tokens import checked_tokens, fitting
from .tracing import TracedText
from .viz.page import Attention, Layer

KINDS = ("encoder", "decoder", "cross")
NAMES = {
    "encoder": "Encoder self-attention",
    "decoder": "Decoder self-attention",
    "cross": "Cross-attention",
}
Layers = Mapping[int, Layer]


@dataclass(frozen=True)
class Given:
    """Everything that was handed over, by kind: one of no name, or those of KINDS."""

    attentions: Mapping[str, Any]
    tokens: Sequence[str] | None = None  # of the columns, and of the rows if nothing else is said
    query_tokens: Sequence[str] | None = None
    encoder_tokens: Sequence[str] | None = None
    decoder_tokens: Sequence[str] | None = None
    about: str = ""
    difference: float | None = None
    notes: tuple[str, ...] = ()


def unpacked(given: Given) -> Given:
    """Return what was given with the parts of a run of a model in their places.

    A model's run is a TracedText, a TransformerTrace, a Recording or an output of transformers.
    """
    x: Any = given.attentions.get("")
    if isinstance(x, TracedText):
        parts = _there(x.encoder_attention, x.decoder_attention, x.cross_attention)
        given = replace(given, about=x.about, difference=x.difference)
        if len(parts) == 1:
            tokens = given.tokens or x.tokens
            return replace(given, attentions={"": x.traces}, tokens=tokens)
        return replace(
            given,
            attentions=parts,
            encoder_tokens=given.encoder_tokens or x.encoder_tokens,
            decoder_tokens=given.decoder_tokens or x.decoder_tokens,
        )
    if isinstance(x, TransformerTrace):
        parts = _there(x.encoder_self, x.decoder_self, x.cross)
        if set(parts) == {"encoder"}:
            return replace(given, attentions={"": x.encoder_self})
        return replace(given, attentions=parts)
    if isinstance(x, Recording):
        if not x.traces:
            raise ValueError(" ".join(("nothing was recorded.", *x.notes)))
        traces, notes = x.traces, (*given.notes, *x.notes)
        return replace(given, attentions={"": traces}, difference=x.difference, notes=notes)
    parts = {kind: getattr(x, f"{kind}_attentions", None) for kind in KINDS}
    if parts["encoder"] is not None:
        return replace(given, attentions=_there(*parts.values()))
    if hasattr(x, "attentions"):
        if x.attentions is None:
            raise TypeError(
                "attention has no attentions: call the model with output_attentions=True, after "
                'model.set_attn_implementation("eager"); or use headlight.trace'
            )
        return replace(given, attentions={"": x.attentions})
    return given


def _there(encoder: Any, decoder: Any, cross: Any) -> dict[str, Any]:
    """Those of the three kinds that there are."""
    every = dict(zip(KINDS, (encoder, decoder, cross), strict=True))
    return {kind: x for kind, x in every.items() if x is not None and len(x)}


def read(
    given: Given, *, sentence: int, include_layers: Sequence[int] | None, prettify: bool
) -> tuple[list[Attention], list[str]]:
    """Return the kinds of attention that a page shows, and what has to be said of them.

    Args:
        given: what `show` was given, unpacked.
        sentence: which of the batch.
        include_layers: the numbers of the layers that are shown; None for all.
        prettify: whether tokens are written for people.
    """
    attentions, notes = [], list(given.notes)
    several = len(given.attentions) > 1
    for kind, x in given.attentions.items():
        what = f"{kind}_attention" if kind else "attention"
        layers = _included(layers_of(x, sentence, what), include_layers, what)
        name = NAMES.get(kind, "")
        notes += remarks_on(layers, name if several else "")
        for lengths, group in _by_lengths(layers).items():
            queries, keys = _tokens(given, kind, group, lengths, prettify=prettify)
            shown = [replace(layer, weights=finite(layer.weights)) for layer in group.values()]
            attentions.append(
                Attention(
                    layers=shown,
                    queries=queries,
                    keys=keys,
                    kind=name or _lengths_name(layers, lengths),
                )
            )
    return attentions, notes


def _included(layers: Layers, chosen: Sequence[int] | None, what: str) -> dict[int, Layer]:
    if chosen is None:
        return dict(layers)
    missing = [number for number in chosen if number not in layers]
    if missing or not chosen:
        raise ValueError(
            f"include_layers must be some of the {len(layers)} layers of {what}, counted from 0; "
            f"got {list(chosen)}"
        )
    return {number: layers[number] for number in chosen}


def _by_lengths(layers: Layers) -> dict[tuple[int, int], dict[int, Layer]]:
    """The layers by how many queries and keys they have, in the order of the first of each."""
    groups: dict[tuple[int, int], dict[int, Layer]] = {}
    for number, layer in layers.items():
        queries, keys = layer.weights.shape[1:]
        groups.setdefault((queries, keys), {})[number] = layer
    return groups


def _lengths_name(layers: Layers, lengths: tuple[int, int]) -> str:
    """What tells attentions apart whose layers have different numbers of tokens."""
    if len(_by_lengths(layers)) == 1:
        return ""
    return f"{lengths[0]} queries × {lengths[1]} keys"


def _tokens(
    given: Given, kind: str, layers: Layers, lengths: tuple[int, int], *, prettify: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tokens of the rows and of the columns of a kind of attention."""
    rows, columns = ("query_tokens", given.query_tokens), ("tokens", given.tokens)
    if kind:
        encoder = ("encoder_tokens", given.encoder_tokens)
        decoder = ("decoder_tokens", given.decoder_tokens)
        rows = encoder if kind == "encoder" else decoder
        columns = decoder if kind == "decoder" else encoder
    elif given.query_tokens is None:
        rows = columns
    first = f"layer {next(iter(layers))}" + (f" of {kind}_attention" if kind else "")
    queries, keys = (
        fitting(
            checked_tokens(tokens, what),
            count,
            what,
            f"{side} of {first}",
            prettify=prettify,
        )
        for (what, tokens), side, count in zip(
            (rows, columns), ("queries", "keys"), lengths, strict=True
        )
    )
    return queries, keys
