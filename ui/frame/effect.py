"""What a change of settings is called, and what it does to the rows: worked out from numbers."""

import math
from typing import Any

from ui.choices.options import POSITIONS
from ui.link.side import Side, computing
from ui.runs.comparison import Comparison
from ui.text.i18n import _
from ui.text.numbers import decimal, percent
from ui.text.option_names import word
from ui.text.parameter_names import PARAMETER_NAMES

HARDLY = 0.01  # of mean entropy, nats or its share: less is no change that anybody sees


def differing(a: Side, b: Side) -> list[str]:
    """Return the parameters in which the sides differ, without those of another page alone."""
    if a.page is not b.page:
        return []
    return [key for key in computing(a.page) if a.value(key) != b.value(key)]


def describe_change(a: Side, b: Side) -> str:
    """Return what differs between two sides of one page, as the beginning of a sentence."""
    keys = differing(a, b)
    if len(keys) == 1:
        return _one_change(keys[0], a.value(keys[0]), b.value(keys[0]))
    names = [_("the text") if key.startswith("text") else _(PARAMETER_NAMES[key]) for key in keys]
    return _("Changing {names}").format(
        names=_("{first} and {last}").format(first=", ".join(names[:-1]), last=names[-1])
    )


def _one_change(key: str, a: Any, b: Any) -> str:
    if key.startswith("text"):
        return _("Another text")
    if key == "cells":
        return _("Another painted mask")
    if key == "seed":
        return _("Another seed ({a} → {b})").format(a=a, b=b)
    if key == "together":
        return _("Reading both sentences together") if b else _("Reading each sentence by itself")
    name = _(PARAMETER_NAMES[key])
    if isinstance(a, str) and isinstance(b, str):
        if b == "none":
            return _("Dropping the {name} ({a})").format(name=name, a=word(a))
        if a == "none":
            article = _("Adding {b} {name}") if b in POSITIONS else _("Adding the {b} {name}")
            return article.format(name=name, b=word(b))
    elif _is_number(a) and _is_number(b):
        raised = _("Raising {name} from {a:g} to {b:g}")
        lowered = _("Lowering {name} from {a:g} to {b:g}")
        return (raised if b > a else lowered).format(name=name, a=a, b=b)
    return _("Changing {name} from {a} to {b}").format(name=name, a=_shown(a), b=_shown(b))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    if value is None:
        return _("the last")
    return word(value) if isinstance(value, str) else str(value)


def describe_effect(comparison: Comparison) -> str:
    """Return what became of the rows, sharper, more even, or neither, as a sentence's end."""
    if not comparison.has_same_reach:
        return _effect_on_share(comparison)
    before, after = comparison.mean("entropy")
    largest_before, largest_after = comparison.mean("largest_weight")
    if math.isnan(after - before):
        return _("leaves nothing to judge: no row has a key to attend to.")
    return _(
        "{said}: mean entropy **{before} → {after} nats**, largest weight "
        "{largest_before} → {largest_after}."
    ).format(
        said=_how_sharp(after - before, largest_after - largest_before),
        before=decimal(before, 2),
        after=decimal(after, 2),
        largest_before=percent(largest_before),
        largest_after=percent(largest_after),
    )


def _effect_on_share(comparison: Comparison) -> str:
    """What became of the rows where these have other numbers of keys: by the share alone.

    More keys make room for more entropy and a smaller largest weight, however sharp a row is.
    """
    before, after = comparison.mean("entropy_share")
    if math.isnan(after - before):
        return _("leaves nothing to judge: before or after, no row has two keys to choose between.")
    change = after - before
    return _(
        "{said}: mean entropy **{before} → {after} of the highest** (all that compares where rows "
        "have other numbers of keys)."
    ).format(said=_how_sharp(change, -change), before=percent(before), after=percent(after))


def _how_sharp(entropy: float, largest: float) -> str:
    """What the changes of both measures say; nothing is claimed where they disagree."""
    if abs(entropy) <= HARDLY:
        return _("hardly changes how sharp the rows are")
    if entropy < 0 <= largest:
        return _("makes the rows **sharper**")
    if largest <= 0 < entropy:
        return _("makes the rows **more even**")
    return _("makes the rows neither clearly sharper nor clearly more even")
