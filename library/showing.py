"""`show`: attention of any origin as a page."""

from collections.abc import Sequence
from typing import Any

from .attention_page import HEIGHT, AttentionPage
from .model.version import VERSION
from .reading import Given, read, unpacked
from .viz.page import Attention, Content

WEIGHTS_ONLY = "Weights only: what they were computed from isn't known."


def show(
    attention: Any = None,
    tokens: Sequence[str] | None = None,
    *,
    sentence: int = 0,
    query_tokens: Sequence[str] | None = None,
    encoder_attention: Any = None,
    decoder_attention: Any = None,
    cross_attention: Any = None,
    encoder_tokens: Sequence[str] | None = None,
    decoder_tokens: Sequence[str] | None = None,
    include_layers: Sequence[int] | None = None,
    layer: int | None = None,
    head: int = 0,
    prettify_tokens: bool = True,
    title: str = "",
    height: int = HEIGHT,
) -> AttentionPage:
    """Show attention in a notebook, or as a page to save.

    >>> import torch
    >>> weights = torch.tensor([[[1.0, 0.0], [0.4, 0.6]]])  # (H, Q, K): one head, two tokens
    >>> page = show((weights,), ["the", "cat"])  # one tensor a layer
    >>> page.figure("heads").data[0].z.tolist()
    [[1.0, 0.0], [0.4000000059604645, 0.6000000238418579]]

    Letters: B sentences in the batch, H heads, Q queries (rows), K keys (columns), L layers.

    Args:
        attention: a tuple of tensors or arrays, one a layer, each (B, H, Q, K) or (H, Q, K), as
            models of transformers give with output_attentions=True; one such tensor, of one layer;
            one of (L, B, H, Q, K); a trace, or several; what `trace` or `record` gave; or a model's
            whole output. Any type of number, any device; gradients don't matter.
        tokens: a text for each key, and for each query where `query_tokens` says nothing else;
            None for the positions' numbers.
        sentence: which of the batch is shown, counted from 0.
        query_tokens: a text for each query, where queries and keys are of different sequences.
        encoder_attention: of an encoder-decoder, instead of `attention`; as that, Q = K.
        decoder_attention: likewise, Q = K.
        cross_attention: likewise, Q tokens of the decoder and K of the encoder.
        encoder_tokens: a text for each position of the encoder.
        decoder_tokens: ... and of the decoder.
        include_layers: the numbers of the layers that are shown, counted from 0; None for all.
        layer: the number of the one that is shown first; None for the first.
        head: the number of the one that is shown first.
        prettify_tokens: write Ġ and ▁, which mark a space before a word, as ␣, and leave </w> out.
        title: of the page.
        height: of the frame in a notebook, in pixels.

    Raises:
        TypeError: if something isn't what it must be, such as ids in the place of tokens.
        ValueError: if shapes don't fit one another, such as tokens and positions.
    """
    parts = {
        "encoder": encoder_attention,
        "decoder": decoder_attention,
        "cross": cross_attention,
    }
    attentions = {kind: x for kind, x in parts.items() if x is not None}
    if (attention is None) == (not attentions):
        raise TypeError(
            "pass either attention, or encoder_attention, decoder_attention and cross_attention "
            f"(one of them at least); got {'neither' if attention is None else 'both'}"
        )
    given = unpacked(
        Given(
            attentions or {"": attention},
            tokens,
            query_tokens,
            encoder_tokens,
            decoder_tokens,
        )
    )
    shown, notes = read(
        given, sentence=sentence, include_layers=include_layers, prettify=prettify_tokens
    )
    first = _place_of(layer, include_layers, len(shown[0].layers))
    heads = shown[0].layers[first].heads
    if not 0 <= head < heads:
        raise ValueError(f"head must be one of {heads}, counted from 0; got {head}")
    weights_only = all(layer.scores is None for part in shown for layer in part.layers)
    return AttentionPage(
        Content(
            title=title or _title(shown),
            about=given.about or (WEIGHTS_ONLY if weights_only else ""),
            attentions=shown,
            notes=notes,
            version=VERSION,
            difference="" if given.difference is None else f"{given.difference:.0e}",
            layer=first,
            head=head,
        ),
        height=height,
    )


def _place_of(layer: int | None, include_layers: Sequence[int] | None, count: int) -> int:
    """Where among the shown layers the one of that number is."""
    numbers = list(range(count) if include_layers is None else include_layers)
    if layer is None:
        return 0
    if layer not in numbers:
        raise ValueError(f"layer must be one that is shown ({numbers}), got {layer}")
    return numbers.index(layer)


def _title(attentions: Sequence[Attention]) -> str:
    layers = sum(len(attention.layers) for attention in attentions)
    heads = sum(layer.heads for attention in attentions for layer in attention.layers)
    of = "1 layer" if layers == 1 else f"{layers} layers"
    return f"Attention: {of}, {heads} head{'' if heads == 1 else 's'} in all"
