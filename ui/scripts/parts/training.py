"""The model that learns, as model.training.learner has it."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ui.scripts.parts.blocks import decoder, encoder
from ui.scripts.parts.options import ATTENTION_ONLY, CAUSAL, PAIR, POSITIONS
from ui.scripts.parts.positions import sinusoidal_positions
from ui.scripts.parts.seeded import weight
from ui.scripts.parts.training_settings import EMBED_SIZE, LAYERS, SYMBOLS

# %% The model

PARAMETERS: dict[str, Tensor] = {}  # all weights, by their names
LONGEST = 48  # how many positions have a vector


def add_matrix(name: str, rows: int, columns: int, *, bias: bool = False) -> None:
    """Begin with the seed's numbers, and a bias of 0."""
    PARAMETERS[f"{name}.weight"] = weight(name, rows, columns).requires_grad_()
    if bias:
        PARAMETERS[f"{name}.bias"] = torch.zeros(rows, requires_grad=True)


def add_table(name: str, rows: int) -> None:
    """Begin with the seed's vectors, of variance 1."""
    matrix = weight(name, rows, EMBED_SIZE) * math.sqrt(EMBED_SIZE)
    PARAMETERS[f"{name}.weight"] = matrix.requires_grad_()


def add_norm(name: str) -> None:
    """Begin with a norm that neither scales nor shifts."""
    PARAMETERS[f"{name}.weight"] = torch.ones(EMBED_SIZE, requires_grad=True)
    PARAMETERS[f"{name}.bias"] = torch.zeros(EMBED_SIZE, requires_grad=True)


def add_stack(name: str = "", attentions: tuple[str, ...] = ("attention",)) -> None:
    """Begin with all weights of an encoder, or of a decoder, which has two attentions."""
    add_table(f"{name}embedding.tokens", len(SYMBOLS))
    if POSITIONS == "learned":
        add_table(f"{name}embedding.positions", LONGEST)
    for layer in range(LAYERS):
        block = f"{name}layers.{layer}"
        for place, each in enumerate(attentions):
            for matrix in ("queries", "keys", "values"):
                add_matrix(f"{block}.{each}.{matrix}", EMBED_SIZE, EMBED_SIZE)
            add_matrix(f"{block}.{each}.fc_out", EMBED_SIZE, EMBED_SIZE, bias=True)
            add_norm(f"{block}.norm{place + 1}")
        if not ATTENTION_ONLY:
            add_matrix(f"{block}.feed_forward.0", 4 * EMBED_SIZE, EMBED_SIZE, bias=True)
            add_matrix(f"{block}.feed_forward.2", EMBED_SIZE, 4 * EMBED_SIZE, bias=True)
            add_norm(f"{block}.norm{len(attentions) + 1}")
    add_norm(f"{name}norm")


if PAIR:
    add_stack("encoder.")
    add_stack("decoder.", ("attention", "cross_attention"))
else:
    add_stack()
add_matrix("unembedding", len(SYMBOLS), EMBED_SIZE)


def embed_ids(ids: Tensor, name: str = "") -> Tensor:
    """Return the vectors of symbols, (B, L) -> (B, L, E)."""
    x = F.embedding(ids, PARAMETERS[f"{name}embedding.tokens.weight"])
    if POSITIONS == "sinusoidal":
        return x + sinusoidal_positions(ids.shape[1])
    elif POSITIONS == "learned":
        return x + PARAMETERS[f"{name}embedding.positions.weight"][: ids.shape[1]]
    else:
        return x


def looking_back(length: int) -> Tensor:
    """Return True where a key isn't ahead of its query, (Q, K)."""
    return torch.ones(length, length).tril().bool()


if PAIR:

    def run_pair(
        source: Tensor, x: Tensor, own: Tensor
    ) -> tuple[Tensor, dict[str, list[dict[str, Tensor]]]]:
        """Return the last vectors, (B, T, E), and every attention.

        Args:
            source: (B, S) ids of what is read.
            x: (B, T) ids of what has been written.
            own: (B, 1, 1, S) True where the source isn't padding.
        """
        read, encoder_layers = encoder(embed_ids(source, "encoder."), own, "encoder.")
        output, decoder_layers, cross_layers = decoder(
            embed_ids(x, "decoder."), read, looking_back(x.shape[1]), own
        )
        return output, {
            "encoder_self": encoder_layers,
            "decoder_self": decoder_layers,
            "cross": cross_layers,
        }

else:

    def run(x: Tensor) -> tuple[Tensor, dict[str, list[dict[str, Tensor]]]]:
        """Return the last vectors, (B, L, E), and every attention, of ids, (B, L)."""
        if CAUSAL:
            output, layers = encoder(embed_ids(x), looking_back(x.shape[1]))
        else:
            output, layers = encoder(embed_ids(x), torch.tensor(True))
        return output, {"encoder_self": layers}


def answer(output: Tensor) -> Tensor:
    """Return the logits of each symbol as the answer at each position, (B, L, V)."""
    return F.linear(output, PARAMETERS["unembedding.weight"])
