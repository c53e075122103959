"""Blocks and stacks of them, as model.block and model.transformer have them."""

import torch.nn.functional as F
from torch import Tensor

from ui.scripts.parts.attention import attention
from ui.scripts.parts.options import ACTIVATION, ATTENTION_ONLY, DEEP, NORM_ORDER, ORIGIN, PAIR
from ui.scripts.parts.seeded import linear, norm, trained_linear, trained_norm
from ui.scripts.parts.settings import EMBED_SIZE, LAYERS

# %% Blocks
# Around attention: what it brings back is added to the vectors, then a feed-forward's output.


def feed_forward(name: str, x: Tensor) -> Tensor:
    """Return what two layers make of each vector by itself, (B, L, E) -> (B, L, E)."""
    if ORIGIN == "trained":
        return trained_linear(f"{name}2", F.relu(trained_linear(f"{name}0", x)))
    elif ACTIVATION == "relu":
        hidden = F.relu(linear(f"{name}0", x, 4 * EMBED_SIZE))
        return linear(f"{name}2", hidden, EMBED_SIZE)
    else:
        hidden = F.gelu(linear(f"{name}0", x, 4 * EMBED_SIZE))
        return linear(f"{name}2", hidden, EMBED_SIZE)


def encoder(x: Tensor, allowed: Tensor, name: str = "") -> tuple[Tensor, list[dict[str, Tensor]]]:
    """Return the vectors after all blocks, (B, L, E), and each layer's attention."""
    if DEEP or PAIR or ORIGIN == "trained":
        layers = []
        for layer in range(LAYERS):
            block = f"{name}layers.{layer}"
            if ORIGIN == "trained":
                read = trained_norm(f"{block}.norm1", x)
                steps = attention(f"{block}.attention.", read, read, allowed)
                x = x + steps["output"]
                if not ATTENTION_ONLY:
                    read = trained_norm(f"{block}.norm2", x)
                    x = x + feed_forward(f"{block}.feed_forward.", read)
            elif NORM_ORDER == "pre":
                read = norm(x)
                steps = attention(f"{block}.attention.", read, read, allowed)
                x = x + steps["output"]
                x = x + feed_forward(f"{block}.feed_forward.", norm(x))
            else:
                steps = attention(f"{block}.attention.", x, x, allowed)
                x = norm(x + steps["output"])
                x = norm(x + feed_forward(f"{block}.feed_forward.", x))
            layers.append(steps)
        if ORIGIN == "trained":
            return trained_norm(f"{name}norm", x), layers
        elif NORM_ORDER == "pre":
            return norm(x), layers
        else:
            return x, layers
    elif NORM_ORDER == "pre":
        read = norm(x)
        steps = attention("", read, read, allowed)
        x = x + steps["output"]
        x = x + feed_forward("layers.0.feed_forward.", norm(x))
        return norm(x), [steps]
    else:
        steps = attention("", x, x, allowed)
        x = norm(x + steps["output"])
        x = norm(x + feed_forward("layers.0.feed_forward.", x))
        return x, [steps]


def decoder(
    x: Tensor, source: Tensor, allowed: Tensor, cross_allowed: Tensor
) -> tuple[Tensor, list[dict[str, Tensor]], list[dict[str, Tensor]]]:
    """Return the vectors after all blocks, (B, T, E), and each layer's two attentions."""
    own, cross = [], []
    for layer in range(LAYERS):
        block = f"decoder.layers.{layer}"
        if ORIGIN == "trained":
            read = trained_norm(f"{block}.norm1", x)
            own.append(attention(f"{block}.attention.", read, read, allowed))
            x = x + own[-1]["output"]
            read = trained_norm(f"{block}.norm2", x)
            steps = attention(f"{block}.cross_attention.", read, source, cross_allowed, cross=True)
            x = x + steps["output"]
            x = x + feed_forward(f"{block}.feed_forward.", trained_norm(f"{block}.norm3", x))
        elif NORM_ORDER == "pre":
            read = norm(x)
            own.append(attention(f"{block}.attention.", read, read, allowed))
            x = x + own[-1]["output"]
            read = norm(x)
            steps = attention(f"{block}.cross_attention.", read, source, cross_allowed, cross=True)
            x = x + steps["output"]
            x = x + feed_forward(f"{block}.feed_forward.", norm(x))
        else:
            own.append(attention(f"{block}.attention.", x, x, allowed))
            x = norm(x + own[-1]["output"])
            steps = attention(f"{block}.cross_attention.", x, source, cross_allowed, cross=True)
            x = norm(x + steps["output"])
            x = norm(x + feed_forward(f"{block}.feed_forward.", x))
        cross.append(steps)
    if ORIGIN == "trained":
        return trained_norm("decoder.norm", x), own, cross
    elif NORM_ORDER == "pre":
        return norm(x), own, cross
    else:
        return x, own, cross
