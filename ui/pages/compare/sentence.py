"""What changed from A to B, in a sentence that is worked out from the numbers."""

import math
from typing import Any

from ui.choices.options import POSITIONS
from ui.link.side import Side, computing
from ui.pages.compare.comparable import comparable
from ui.pages.compare.comparison import Comparison
from ui.text.i18n import _, ngettext
from ui.text.numbers import decimal, percent
from ui.text.option_names import word
from ui.text.parameter_names import PARAMETER_NAMES

HARDLY = 0.01  # of mean entropy, nats or its share: less is no change that anybody sees


def differing(a: Side, b: Side) -> list[str]:
    """Return the parameters in which the sides differ, without those of another page alone."""
    if a.page is not b.page:
        return []
    return [key for key in computing(a.page) if a.value(key) != b.value(key)]


def what_changed(a: Side, b: Side, comparison: Comparison) -> str:
    """Return what was done, and what it did to entropies, largest weights and divergence."""
    if a == b:
        return _("**A and B are the same.** Change one of them on the left, to see what it does.")
    said = [_done(a, b), _effect(comparison), _learnt(comparison), _moved(comparison)]
    return " ".join(filter(None, said))


def _done(a: Side, b: Side) -> str:
    """The changes as the beginning of a sentence."""
    if a.page is not b.page:
        return _("Going from {a} to {b}").format(a=_weights(a), b=_weights(b))
    keys = differing(a, b)
    if len(keys) == 1:
        return _one_change(keys[0], a.value(keys[0]), b.value(keys[0]))
    names = [_("the text") if key.startswith("text") else _(PARAMETER_NAMES[key]) for key in keys]
    return _("Changing {names}").format(
        names=_("{first} and {last}").format(first=", ".join(names[:-1]), last=names[-1])
    )


def _weights(side: Side) -> str:
    """Whose weights a side has."""
    if "model" in side.page.parameters:
        return word(side.value("model"))
    return _(comparable(side).weights)


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


def _effect(comparison: Comparison) -> str:
    """What became of the rows: sharper, more even, or neither."""
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
        return _("leaves nothing to judge: in A or in B no row has two keys to choose between.")
    change = after - before
    return _(
        "{said}: mean entropy **{before} → {after} of the highest**, which alone can be "
        "compared, as rows have other numbers of keys in A and in B."
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


def _learnt(comparison: Comparison) -> str:
    """What became of the answers, where both sides have learnt a task."""
    a, b = comparison.a.run.accuracy, comparison.b.run.accuracy
    if a is None or b is None:
        return ""
    return _("Held-out accuracy **{a} → {b}**.").format(a=percent(a, 1), b=percent(b, 1))


def _moved(comparison: Comparison) -> str:
    """How far the weights themselves have moved."""
    if not comparison.has_one_shape or not comparison.pairs or not comparison.real_queries:
        return ""
    mean = float(comparison.divergences.mean())
    return _("Rows diverge by **{mean} nats**.").format(mean=decimal(mean, 3))


def notes(comparison: Comparison) -> list[str]:
    """Return what has to be known to read the pictures."""
    said = []
    a, b = comparison.a, comparison.b
    if not comparison.has_one_shape:
        shapes = [side.field("weights").shape[1:] for side in (a, b)]
        said.append(
            _(
                "A has {a} tokens and B has {b}: cells have no partners, so there is no difference "
                "and no divergence. Give both the same sentence and tokens."
            ).format(a=_size(shapes[0]), b=_size(shapes[1]))
        )
    elif not comparison.has_same_tokens:
        said.append(_("A and B read different words: they are compared place by place."))
    if comparison.has_one_shape and a.real_queries != b.real_queries:
        said.append(
            _(
                "Without padding A has {a} tokens and B has {b}: rows diverge, and heads are "
                "matched, over the {both} that both have."
            ).format(a=a.real_queries, b=b.real_queries, both=comparison.real_queries)
        )
    if comparison.are_matched and comparison.pairs:
        more, fewer = ("A", "B") if a.facts.heads > b.facts.heads else ("B", "A")
        count = ngettext("{count} head", "{count} heads", max(a.facts.heads, b.facts.heads))
        said.append(
            _(
                "Heads are matched by similarity, as their counts differ: each of {more}'s {count} "
                "stands beside the head of {fewer} whose rows diverge least from its own."
            ).format(
                more=more, fewer=fewer, count=count.format(count=max(a.facts.heads, b.facts.heads))
            )
        )
    return said


def _size(shape: tuple[int, ...]) -> str:
    queries, keys = shape
    return str(keys) if queries == keys else f"{queries} × {keys}"
