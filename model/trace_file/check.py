"""What has to be known of a file's numbers before anybody believes a picture of them."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ..errors import CodedText
from .layer import FIELDS, TracedLayer

# How far from 1 a row's sum may be: weights of 16 bits, of which each has an error of its own.
TOLERANCE = 5e-3


def describe_numbers(layers: Sequence[TracedLayer]) -> Iterator[CodedText]:
    """Return where numbers aren't finite, and how many rows of weights don't sum to 1."""
    for field in FIELDS:
        yield from _describe_nan(field, layers)
    yield from _describe_rows(layers)
    yield from _describe_range(layers)


def _describe_nan(field: str, layers: Sequence[TracedLayer]) -> Iterator[CodedText]:
    count = 0
    first: tuple[int, ...] | None = None
    for number, layer in enumerate(layers):
        values: Tensor | None = getattr(layer, field)
        if values is None:
            continue
        found = torch.isnan(values) if field == "scores" else ~torch.isfinite(values)
        if amount := int(found.sum()):
            count += amount
            first = first or (number, *found.nonzero()[0].tolist())
    if first is None:
        return
    in_layer, sentence, *head, row, column = first
    if not head:  # the output has none
        yield CodedText(
            "trace_file.output_not_finite",
            "{name}: {count:,} numbers are not finite (NaN or infinite), the first in layer "
            "{layer}, sentence {sentence}, row {row}, column {column}, all counted from 0",
            name=field,
            count=count,
            layer=in_layer,
            sentence=sentence,
            row=row,
            column=column,
        )
        return
    yield CodedText(
        "trace_file.not_finite",
        "{name}: {count:,} numbers are not finite (NaN or infinite), the first in layer {layer}, "
        "sentence {sentence}, head {head}, row {row}, column {column}, all counted from 0",
        name=field,
        count=count,
        layer=in_layer,
        sentence=sentence,
        head=head[0],
        row=row,
        column=column,
    )


def _describe_rows(layers: Sequence[TracedLayer]) -> Iterator[CodedText]:
    count, every = 0, 0
    lowest, highest = torch.inf, -torch.inf
    for layer in layers:
        sums = _real_sums(layer)
        off = sums[(sums - 1).abs() > TOLERANCE]
        every += len(sums)
        count += len(off)
        if len(off):
            lowest, highest = min(lowest, off.min().item()), max(highest, off.max().item())
    if count:
        yield CodedText(
            "trace_file.rows",
            "{count:,} of {every:,} rows of weights don't sum to 1, but to {lowest:.4g} to "
            "{highest:.4g}. They are shown as they are",
            count=count,
            every=every,
            lowest=lowest,
            highest=highest,
        )


def _real_sums(layer: TracedLayer) -> Tensor:
    """Return the sums of the rows that have something to attend to, without padding and NaN."""
    batch, heads, queries, _keys = layer.shape
    real = torch.arange(queries)[None] < torch.tensor(layer.query_lengths)[:, None]  # (B, Q)
    asks = real[:, None].expand(batch, heads, queries)
    if layer.allowed is not None:
        asks = asks & layer.allowed.expand(layer.shape).any(-1)
    sums = layer.weights.sum(-1)[asks]
    return sums[torch.isfinite(sums)]


def _describe_range(layers: Sequence[TracedLayer]) -> Iterator[CodedText]:
    finite = [layer.weights[torch.isfinite(layer.weights)] for layer in layers]
    lowest = min((each.min().item() for each in finite if len(each)), default=0.0)
    if lowest < 0:
        yield CodedText(
            "trace_file.negative",
            "There are weights below 0, the lowest {lowest:.4g}, which softmax never gives: these "
            "may be scores. They are shown as they are",
            lowest=lowest,
        )
