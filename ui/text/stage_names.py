"""What stages, heads, layers and kinds of attention are called."""

from model.transformer import AttentionKind as Kind
from ui.choices.options import Stage
from ui.text.i18n import _


def value_word(stage: Stage) -> str:
    """Return what one number of a stage is called."""
    return {
        "qkv": _("value"),
        "energy": _("energy q·k"),
        "scores": _("score"),
        "weights": _("weight"),
        "weighted_values": _("weight × length of V"),
        "projected_values": _("weight × length of V·W_O"),
        "head_outputs": _("head output"),
        "output": _("output"),
    }[stage]


def head_names(heads: int) -> list[str]:
    """Return what the heads are called; counted from 0, as in the arrays and the links."""
    return [_("Head {number}").format(number=number) for number in range(heads)]


def kind_name(kind: Kind) -> str:
    """Return what a kind of attention is called in a sentence."""
    return {
        "encoder_self": _("encoder self-attention"),
        "decoder_self": _("decoder self-attention"),
        "cross": _("cross-attention"),
    }[kind]


def layer_names(count: int) -> list[str]:
    """Return what the layers are called; counted from 0, as in the arrays and the links."""
    return [_("Layer {number}").format(number=number) for number in range(count)]
