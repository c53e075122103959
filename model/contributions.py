"""Who wrote a logit: the direct contribution of each head, each feed-forward and the embedding.

A pre-norm stack adds whatever its parts compute to one stream of vectors. So the last vector is a
sum: the embedding, and for each layer what each head gives through its part of the output
projection (W_O), that projection's bias, and what the feed-forward gives:

    x = embedding + Σ_layers (Σ_heads W_O z + bias + feed-forward)

The final norm divides x by one number (the root mean square, or the standard deviation). Held at
its value in this very run, the norm is linear in x, LayerNorm's centring included, and a token's
logit is a dot product of what it gives:

    logit = u · (scale ⊙ x / denominator + shift) + bias

So the logit, or the difference of two, is the sum of one number a part, and a constant of the
norm's shift and the output layer's bias, to within rounding. That is the part's direct
contribution; what it does by way of later layers, which read it too, is not in it.

Sources: Elhage et al. (2021), "A Mathematical Framework for Transformer Circuits", for the sum and
the heads' shares of it; nostalgebraist (2020), "interpreting GPT: the logit lens", for reading the
stream by the output layer; Wang et al. (2023), "Interpretability in the Wild", section 3.1, for
direct effects on the difference of two logits.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .errors import CodedError
from .transformer import Encoder, TransformerTrace

NOT_LINEAR = 1e-4  # of the largest number that a norm gives: rounding stays far below


class ContributionsUnavailableError(CodedError):
    """A model's logits aren't a sum of what its parts wrote; says why."""


@dataclass(frozen=True, kw_only=True)
class AskedLogit:
    """Which logit it is about, or which difference of two."""

    token: int  # its id
    against: int | None = None  # the token whose logit is taken off
    position: int  # after which of the sentence's tokens
    sentence: int = 0  # of the batch


@dataclass(frozen=True)
class StreamParts:
    """What was added up to the last vector of one position, before the final norm."""

    heads: Tensor  # (layers, H, E), each through its part of the output projection
    attention_biases: Tensor  # (layers, E), the output projection's
    feed_forwards: Tensor  # (layers, E), zeros where there is attention only
    embedding: Tensor  # (E,), with whatever positions and norms the model adds to it


@dataclass(frozen=True)
class HeldNorm:
    """A norm as the linear function that it is once its denominator is a constant."""

    scale: Tensor  # (E,), its own and one over the denominator
    shift: Tensor  # (E,), its bias, or zeros
    is_centred: bool  # whether it takes the vector's mean off first, as LayerNorm does


@dataclass(frozen=True)
class Contributions:
    """What each part of a model adds to a logit, or to the difference of two, in logits."""

    heads: Tensor  # (layers, H), float64, as all that follow
    attention_biases: Tensor  # (layers,)
    feed_forwards: Tensor  # (layers,)
    embedding: float
    constant: float  # of the final norm's shift and the output layer's bias
    logit: float  # as the model itself gives it, or the difference of its two

    @property
    def total(self) -> float:
        """The sum of all parts."""
        parts = (self.heads, self.attention_biases, self.feed_forwards)
        return sum(float(part.sum()) for part in parts) + self.embedding + self.constant

    @property
    def difference(self) -> float:
        """How far that is from the model's own number: rounding, in float32."""
        return abs(self.total - self.logit)


@dataclass(frozen=True)
class Readout:
    """What an output layer does to make one logit, or the difference of two."""

    row: Tensor  # (E,) of its weights
    bias: float
    logit: float  # what the model made with it


def check_decoder(kind: str) -> None:
    """Raise ContributionsUnavailableError unless a model is a decoder that reads its own text."""
    if kind != "decoder":
        raise ContributionsUnavailableError(
            "contributions.no_decoder",
            "Only the logits of a decoder that reads nothing but its own text are taken apart "
            "here.",
        )


def readout_of(weight: Tensor, bias: Tensor | None, logits: Tensor, asked: AskedLogit) -> Readout:
    """Return the output layer's row of a token, or the difference of the rows of two.

    Args:
        weight: (V, E).
        bias: (V,), or None.
        logits: (V,) that it gave at the position in question.
        asked: which it is about.

    Raises:
        IndexError: if there is no such token.
    """
    token, against = asked.token, asked.against
    for each in (token, against):
        if each is not None and not 0 <= each < len(weight):
            raise IndexError(f"expected a token from 0 to {len(weight) - 1}, got {each}")

    def read(values: Tensor) -> Tensor:
        value = values[token].detach().double()
        return value if against is None else value - values[against].detach().double()

    return Readout(read(weight), 0.0 if bias is None else float(read(bias)), float(read(logits)))


def contributions(parts: StreamParts, norm: HeldNorm, readout: Readout) -> Contributions:
    """Return what each part adds to the logit that the readout makes of their sum.

    Args:
        parts: of the last vector.
        norm: the final one, held; see hold_norm.
        readout: see readout_of.
    """
    direction = norm.scale.double() * readout.row.double()  # (E,)
    if norm.is_centred:  # u · (v - mean v) is (u - mean u) · v
        direction = direction - direction.mean()
    return Contributions(
        heads=parts.heads.double() @ direction,
        attention_biases=parts.attention_biases.double() @ direction,
        feed_forwards=parts.feed_forwards.double() @ direction,
        embedding=float(parts.embedding.double() @ direction),
        constant=float(norm.shift.double() @ readout.row.double()) + readout.bias,
        logit=readout.logit,
    )


def hold_norm(norm: Callable[[Tensor], Tensor], x: Tensor) -> HeldNorm:
    """Return a norm as it acts on x, with its denominator held at its value there.

    It is found by what the norm makes of a few vectors, whatever it is called and however it keeps
    its scale; and whether that explains what it makes of x is checked.

    Args:
        norm: RMSNorm, LayerNorm, nothing at all, or what acts like one of them: (..., E) to the
            same.
        x: (E,) what it reads in this run.

    Raises:
        ContributionsUnavailableError: if it does something else.
    """
    size = len(x)
    probe = torch.ones(size)  # with mean 0, so that centring leaves it as it is
    probe[1::2] = -1.0
    if size % 2 and size > 1:
        probe[-3:] = torch.tensor([1.0, 1.0, -2.0])
    given = [norm(each.to(x)[None, None])[0, 0].double() for each in (0 * x, 0 * x + 1, probe, x)]
    shift, of_ones, of_probe, of_x = given
    shape = (of_probe - shift) / probe.double()  # (E,) its scale, but for one factor
    is_centred = bool((of_ones - shift).abs().max() <= 1e-3 * shape.abs().max())
    read = x.double() - x.double().mean() if is_centred else x.double()
    expected, wanted = shape * read, of_x - shift  # (E,) equal, but for one factor
    scale = shape * (expected @ wanted / (expected @ expected))
    # Not `>`, which NaN would pass.
    if not (scale * read - wanted).abs().max() <= NOT_LINEAR * of_x.abs().max():
        raise ContributionsUnavailableError(
            "contributions.norm",
            "This model's logits can't be taken apart: what stands before its output layer isn't "
            "a norm that divides by one number and scales.",
        )
    return HeldNorm(scale, shift, is_centred)


def projected_heads(
    project: Callable[[Tensor], Tensor], head_outputs: Tensor
) -> tuple[Tensor, Tensor]:
    """Return what each head gives through an output projection, and that projection's bias.

    Args:
        project: takes the heads side by side, (N, H * D), and gives (N, E); linear, with a bias.
        head_outputs: (H, D) of one position.

    Returns:
        (H, E) and (E,).
    """
    heads, size = head_outputs.shape
    alone = head_outputs.new_zeros(heads, heads, size)
    alone[range(heads), range(heads)] = head_outputs
    alone = alone.flatten(1)  # (H, H * D) each head, and zeros for the others
    nothing = torch.zeros_like(alone[:1])
    projected = project(torch.cat([nothing, alone]))  # (1 + H, E)
    return projected[1:] - projected[0], projected[0]


def encoder_parts(encoder: Encoder, trace: TransformerTrace, asked: AskedLogit) -> StreamParts:
    """Return what was added up to a stack's last vector, before its final norm.

    Args:
        encoder: pre-norm; in evaluation mode.
        trace: its run.
        asked: at which position of which sentence.

    Raises:
        ContributionsUnavailableError: if the norms stand within the stream (post-norm), where each
            of them changes all that was added before.
    """
    sentence, position = asked.sentence, asked.position
    stream = [x[sentence, position] for x in trace.encoder_stream]  # (E,) each
    heads, biases, feed_forwards = [], [], []
    steps = (len(stream) - 1) // len(encoder.layers)  # one where there is attention only
    for layer, block in enumerate(encoder.layers):
        if block.norm_order != "pre":
            raise ContributionsUnavailableError(
                "contributions.post_norm",
                "This model's logits can't be taken apart: its norms stand within the stream "
                "(post-norm), and each changes all that was added before.",
            )
        attention = trace.encoder_self[layer]
        given, bias = projected_heads(
            block.attention.fc_out,  # type: ignore[union-attr, arg-type]  # a ModuleList forgets
            attention.head_outputs[sentence, :, position],
        )
        heads.append(given)
        biases.append(bias)
        after = stream[steps * (layer + 1)]
        feed_forwards.append(after - stream[steps * layer + 1])
    return StreamParts(
        torch.stack(heads), torch.stack(biases), torch.stack(feed_forwards), stream[0]
    )


@torch.no_grad()
def encoder_contributions(
    encoder: Encoder, trace: TransformerTrace, readout: Readout, asked: AskedLogit
) -> Contributions:
    """Return what each part of a stack adds to what is read from its last vector.

    Args:
        encoder: pre-norm; in evaluation mode.
        trace: its run.
        readout: see readout_of.
        asked: what that reads.

    Raises:
        ContributionsUnavailableError: as encoder_parts does.
    """
    parts = encoder_parts(encoder, trace, asked)
    last = trace.encoder_stream[-1][asked.sentence, asked.position]  # (E,)
    return contributions(parts, hold_norm(encoder.norm, last), readout)
