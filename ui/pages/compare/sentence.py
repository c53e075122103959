"""What changed from A to B, in a sentence that is worked out from the numbers."""

from ui.frame.effect import describe_change, describe_effect
from ui.link.side import Side
from ui.pages.compare.comparable import comparable
from ui.runs.comparison import Comparison
from ui.text.i18n import _, ngettext
from ui.text.numbers import decimal, percent
from ui.text.option_names import word


def what_changed(a: Side, b: Side, comparison: Comparison) -> str:
    """Return what was done, and what it did to entropies, largest weights and divergence."""
    if a == b:
        return _("**A and B are the same.** Change one of them on the left, to see what it does.")
    said = [_done(a, b), describe_effect(comparison), _learnt(comparison), _moved(comparison)]
    return " ".join(filter(None, said))


def _done(a: Side, b: Side) -> str:
    """The changes as the beginning of a sentence."""
    if a.page is not b.page:
        return _("Going from {a} to {b}").format(a=_weights(a), b=_weights(b))
    return describe_change(a, b)


def _weights(side: Side) -> str:
    """Whose weights a side has."""
    if "model" in side.page.parameters:
        return word(side.value("model"))
    return _(comparable(side).weights)


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
