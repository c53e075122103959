"""The equations above the matrices of one head: those that hold, and what is said of them."""

import math

from model.projections import PROJECTED, Projected, ProjectionEquation
from ui.runs.run import Attention
from ui.text.i18n import _

SYMBOLS: dict[Projected, str] = {"queries": "Q", "keys": "K", "values": "V"}


def describe_equations(attention: Attention) -> str:
    """Return what the letters in the equations mean, and what there was no room for."""
    facts = attention.facts
    known = {name: facts.equation(name) for name in PROJECTED}
    held = {name: equation for name, equation in known.items() if equation is not None}
    said = [_what_is_read(attention, held)]
    if attention.run.has_identity:
        said.append(_("The projections are the identity."))
    said.append(_bias(held))
    turned = max((equation.rotated for equation in held.values()), default=0)
    if 0 < turned < facts.head_dim:
        said.append(
            _("rot turns {count} of a head's {size} numbers.").format(
                count=turned, size=facts.head_dim
            )
        )
    if facts.kv_heads < facts.heads:
        said.append(_("Heads share {count} keys and values.").format(count=facts.kv_heads))
    unknown = [SYMBOLS[name] for name in known if name not in held]
    if unknown and attention.run.is_from_file:
        said.append(_("The file doesn't say how Q, K and V came about."))
    elif unknown:
        said.append(
            _("A run, when the model was loaded, showed no equation for {names}.").format(
                names=", ".join(unknown)
            )
        )
    return " ".join(filter(None, said))


def _what_is_read(attention: Attention, held: dict[Projected, ProjectionEquation]) -> str:
    if attention.kind != "cross":
        return _("X: the vectors that the layer reads.") if held else ""
    has_x = "keys" in held or "values" in held
    if "queries" in held:
        if has_x:
            return _("Y: the target's vectors, X: the encoder's output.")
        return _("Y: the target's vectors.")
    return _("X: the encoder's output.") if has_x else ""


def _bias(held: dict[Projected, ProjectionEquation]) -> str:
    """That there are biases, for which the formulas have no room."""
    names = [SYMBOLS[name] for name, equation in held.items() if equation.has_bias]
    if len(names) == len(PROJECTED):
        return _("Each projection also adds a bias.")
    if names:
        return _("Not written is the bias of {names}.").format(names=", ".join(names))
    return ""


def projection_formula(attention: Attention, name: Projected, head: int) -> str:
    """Return what queries, keys or values are: in KaTeX, or in words where no equation holds."""
    symbol, equation = SYMBOLS[name], attention.facts.equation(name)
    if equation is None and attention.run.is_from_file:
        return _("{name} from the file").format(name=symbol)
    if equation is None:
        return _("{name} as the model computes it").format(name=symbol)
    read = "Y" if attention.kind == "cross" and name == "queries" else "X"
    if attention.run.has_identity:
        product = f"{read}^{{({head})}}"
    elif equation.own_part:  # each head has a part of X, and all share W
        product = f"{read}^{{({head})}} W_{symbol}"
    else:  # each head, or group of heads, has columns of its own
        product = f"{read} W_{symbol}^{{({equation.groups[head]})}}"
    if equation.rotated:
        product = f"\\mathrm{{rot}}({product})"
    return f"${symbol} = {_scaled(product, equation.factor, attention.facts.head_dim)}$"


def _scaled(product: str, factor: float, head_dim: int) -> str:
    """The product times a factor, which is often one divided by √D."""
    if factor == 1:
        return product
    if math.isclose(factor * math.sqrt(head_dim), 1, rel_tol=1e-4):
        return f"{product} / \\sqrt{{{head_dim}}}"
    return f"{factor:.4g}\\, {product}"
