"""A model that learns a task: a stack of our own, and what turns its vectors into answers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from safetensors.torch import load
from torch import Tensor, nn

from ..errors import CodedValueError
from ..head_edges import HeadEdgeCut, trace_without_edges
from ..masks import causal_mask
from ..reasons import reason_of
from ..seeded import random_encoder, random_transformer, weight_matrix
from ..tasks.base import IGNORED, Batch, Example
from ..transformer import AttentionKind, Encoder, Transformer, TransformerTrace
from .plan import Plan


@dataclass(frozen=True)
class LearnerTrace:
    """A learner's run on a batch."""

    trace: TransformerTrace
    masks: Mapping[AttentionKind, Tensor | None]  # for each kind of attention that it has
    logits: Tensor  # (B, L or T, V) of each symbol as the answer at each position


class Learner(nn.Module):
    """Embed, stack of attention, unembed: the answer at each position.

    It begins with the seed's weights (model.seeded), so that fewer heads or a larger embedding
    start from the same numbers.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        config = plan.config
        self.task = plan.learnt
        self.stack: Encoder | Transformer
        if self.task.kind == "encoder-decoder":
            self.stack = random_transformer(config, plan.seed)
        else:
            self.stack = random_encoder(config, plan.seed)
        self.stack.requires_grad_(True).train()
        symbols = len(self.task.symbols)
        self.unembedding = nn.Linear(config.embed_size, symbols, bias=False)
        weights = weight_matrix("unembedding", symbols, config.embed_size, plan.seed)
        self.unembedding.weight = nn.Parameter(weights.clone())

    def take(self, weights: Mapping[str, Tensor]) -> None:
        """Load copies of these weights.

        Raises:
            ValueError: if they are another model's.
        """
        try:
            self.load_state_dict(weights)
        except RuntimeError as error:
            raise CodedValueError(
                "weights.other_model",
                "the weights are of another model: {reason}",
                reason=reason_of(error),
            ) from None

    def forward(self, batch: Batch) -> Tensor:
        """Return the logits, (B, L or T, V)."""
        return self.trace(batch).logits

    def trace(self, batch: Batch, cuts: Collection[HeadEdgeCut] = ()) -> LearnerTrace:
        """Compute the logits, and keep everything on the way.

        Args:
            batch: the examples.
            cuts: edges between heads that are cut, where there is one stack.

        Raises:
            ValueError: if edges are cut where there are two stacks.
        """
        length = batch.inputs.shape[1]
        ahead = None if self.task.kind == "encoder" else causal_mask(length, length)
        masks: dict[AttentionKind, Tensor | None]
        if isinstance(self.stack, Encoder):
            masks = {"encoder_self": ahead}
            trace = trace_without_edges(self.stack, batch.inputs, ahead, cuts)
        else:
            if cuts:
                raise ValueError("edges between heads can be cut in one stack alone")
            padding = batch.source_mask
            masks = {"encoder_self": padding, "decoder_self": ahead, "cross": padding}
            assert batch.source is not None  # such a task draws one
            trace = self.stack.trace(batch.source, batch.inputs, padding, ahead, padding)
        logits: Tensor = self.unembedding(trace.output)  # (B, L or T, V)
        return LearnerTrace(trace, masks, logits)

    @torch.no_grad()
    def read(self, example: Example, cuts: Collection[HeadEdgeCut] = ()) -> LearnerTrace:
        """Compute what it makes of one example, a batch of one; `cuts` as in `trace`."""
        source = self.task.encode(example.source)[None] if example.source else None
        inputs = self.task.encode(example.inputs)[None]
        return self.trace(Batch(inputs, torch.empty(0), source), cuts)


def share_right(logits: Tensor, targets: Tensor) -> float:
    """Return the part of the answers that are right, 0 to 1.

    Args:
        logits: (B, L or T, V).
        targets: (B, L or T), IGNORED where nothing is asked.
    """
    asked = targets != IGNORED
    right = (logits.argmax(-1) == targets)[asked]
    return right.sum().item() / asked.sum().item()


def load_learner(plan: Plan, weights: bytes) -> Learner:
    """Make the learner of a snapshot's weights, in evaluation mode, without gradients.

    Raises:
        ValueError: if the weights are another model's.
    """
    learner = Learner(plan)
    learner.take(load(weights))
    return learner.requires_grad_(False).eval()
