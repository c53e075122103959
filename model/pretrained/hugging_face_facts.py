"""What a model of transformers tells about itself, and what its attention does."""

import inspect
import math
import re
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from ..attention import Scale
from ..carried import split_projection
from ..projections import Projected, ProjectionEquation
from .equations import Equations, kv_heads_of
from .recorder import RecordedCall

POSITION_TABLE = re.compile(r"(^|\.)(position_embeddings?|embed_positions|wpe)$")
LONGEST_WITHOUT_LIMIT = 512  # where positions are relative: what such models were trained with


@dataclass(frozen=True)
class RecordedAttention:
    """The AttentionFacts of a recorded attention."""

    embed_size: int
    heads: int
    kv_heads: int
    head_dim: int
    scale: Scale
    temperature: float
    equations: Equations  # that held in a run when the model was loaded
    value_size: int  # the D of the values, which may be another than that of queries and keys
    projection: nn.Module | None = None  # the linear layer that mixes the heads

    @property
    def divisor(self) -> float:
        """Return what the energies are divided by."""
        return (math.sqrt(self.head_dim) if self.scale == "head_dim" else 1.0) * self.temperature

    @property
    def output_projection(self) -> Tensor | None:
        """Return its rows for each head, (H, D, E); None of a layer that isn't one plain matrix."""
        weight = getattr(self.projection, "weight", None)
        if not isinstance(weight, Tensor):
            return None
        # transformers' Conv1D has its weight the other way round: (in, out).
        rows = weight.T if isinstance(self.projection, nn.Linear) else weight
        if rows.shape != (self.heads * self.value_size, self.embed_size):
            return None
        return split_projection(rows.detach(), self.heads)

    def equation(self, name: Projected) -> ProjectionEquation | None:
        """Return how queries, keys or values follow from what is read; None if nobody knows."""
        return self.equations[name]


def weights_bytes(model: nn.Module) -> int:
    """Return how much memory a model's weights take in float32."""
    return 4 * sum(weight.numel() for weight in model.parameters())


def longest_sentence(model: Any) -> int:
    """Return how many tokens a model's positions allow, or were trained with if any number is."""
    config = model.config.get_text_config()
    longest = 0
    for name in ("max_position_embeddings", "n_positions"):
        longest = longest or int(getattr(config, name, None) or 0)
    tables = [
        module.num_embeddings - _first_place(module)
        for name, module in model.named_modules()
        if isinstance(module, nn.Embedding) and POSITION_TABLE.search(name)
    ]
    # Two stacks may have tables of their own, and a config may say nothing of either.
    known = [size for size in (longest, *tables) if size > 0]
    return min(known, default=LONGEST_WITHOUT_LIMIT)


def vocabulary(model: Any) -> int:
    """Return how many rows a model's table of token vectors has; of two stacks, the shorter one."""
    stacks = [model, model.get_decoder()] if model.config.is_encoder_decoder else [model]
    return min(int(stack.get_input_embeddings().num_embeddings) for stack in stacks)


def _first_place(table: nn.Embedding) -> int:
    """The row of the first token: after the padding's in RoBERTa, after an offset in BART."""
    if table.padding_idx is not None:
        return table.padding_idx + 1
    return int(getattr(table, "offset", 0))


def token_types(model: Any) -> int:
    """Return how many types of tokens a model knows, as of first and second sentence; 0 if none."""
    if "token_type_ids" not in inspect.signature(model.forward).parameters:
        return 0
    return int(getattr(model.config.get_text_config(), "type_vocab_size", None) or 0)


def decoder_start(model: Any) -> int | None:
    """Return the token that an encoder-decoder's target begins with, if the model names one."""
    configs = (getattr(model, "generation_config", None), model.config)
    for name in ("decoder_start_token_id", "bos_token_id"):
        for config in configs:
            start = getattr(config, name, None)
            if isinstance(start, int) and 0 <= start < vocabulary(model):
                return start
    return None


def attention_facts(call: RecordedCall, equations: Equations) -> RecordedAttention:
    """Return what a call of a model's attention tells about it, and the equations that hold."""
    _, heads, _, head_dim = call.trace.queries.shape
    usual = math.isclose(call.divisor, math.sqrt(head_dim), rel_tol=1e-6)
    return RecordedAttention(
        embed_size=call.trace.output.shape[-1],
        heads=heads,
        kv_heads=kv_heads_of(call),
        head_dim=head_dim,
        scale="head_dim" if usual else "none",
        temperature=1.0 if usual else call.divisor,
        equations=equations,
        value_size=call.trace.values.shape[-1],
        projection=call.projection,
    )
