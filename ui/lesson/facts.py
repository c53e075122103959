"""What is said beside a truth that isn't about attention, computed from what it was computed from.

Whole sentences, in Markdown. What somebody has said wrongly is told for what it would be right.
"""

from collections.abc import Callable
from typing import Any

from lessons.costs import Costs, embedding_with, tokens_with
from lessons.learning import Learnt, step_with
from lessons.prediction import Predicted
from ui.lesson.seen import Inquiry
from ui.text.i18n import N_, _, ngettext
from ui.text.markdown import verbatim
from ui.text.numbers import decimal, percent, whole

PARTS = {  # of a forward pass, as those who wrongly took them for the energies are told
    "projections": N_("Your answer would be right for the projections to Q, K and V."),
    "weighted_sum": N_("Your answer would be right for the weighted sum of the values."),
    "output": N_("Your answer would be right for the output projection."),
    "feed_forward": N_("Your answer would be right for the feed-forward."),
}


def describe_facts(inquiry: Inquiry, said: Any, *, is_right: bool) -> str:
    """Return what the truth means, and what somebody's answer would have been right for.

    Args:
        inquiry: what was asked.
        said: the answer; None for nothing was said.
        is_right: whether it is right.
    """
    sentences = _FACTS[inquiry.question.answer](inquiry, None if is_right else said)
    return " ".join(sentence for sentence in sentences if sentence)


def amount_text(inquiry: Inquiry, value: float) -> str:
    """Return a number with what it counts."""
    match inquiry.answer.unit:
        case "percent":
            return percent(value, 1)
        case "tokens":
            return _("{count} tokens").format(count=whole(value))
        case "megabytes":
            return _("{count} MB").format(count=_three_digits(value))
    return whole(value)


def _three_digits(value: float) -> str:
    if value >= 99.5 or value == round(value):
        return whole(value)
    return decimal(value, 1 if value >= 9.95 else 2)


def _accuracy(inquiry: Inquiry, said: float | None) -> list[str]:
    learnt: Learnt = inquiry.numbers
    meaning = _("So many of the answers are right, on examples that it was never trained on.")
    step = None if said is None else step_with(learnt, said)
    if step is None or said is None:
        return [meaning]
    then = _("{said} it had after {step} steps.")
    return [meaning, then.format(said=percent(said), step=whole(step))]


def _right_answers(inquiry: Inquiry, said: float | None) -> list[str]:
    learnt: Learnt = inquiry.numbers
    asked = sum(right is not None for right in learnt.right)
    return [ngettext(
        "So many of the {count} answer are right here.",
        "So many of the {count} answers are right here.",
        asked,
    ).format(count=whole(asked))]  # fmt: skip


def _energies(inquiry: Inquiry, said: str | None) -> list[str]:
    costs: Costs = inquiry.numbers
    fact = _(
        "{tokens} tokens have {pairs} pairs, of which each needs an energy; {twice} tokens have "
        "{more}."
    ).format(
        tokens=whole(costs.tokens),
        pairs=whole(costs.tokens**2),
        twice=whole(2 * costs.tokens),
        more=whole((2 * costs.tokens) ** 2),
    )
    part = inquiry.truth.right_for.get(said)
    return [fact, _(PARTS[part]) if part in PARTS else ""]


def _overtakes(inquiry: Inquiry, said: float | None) -> list[str]:
    costs: Costs = inquiry.numbers
    if not costs.overtakes:
        return [_("Attention needs more at any length.")]
    told = [_("With fewer tokens, the feed-forward needs more.")]
    if said:
        right = _("{said} tokens would be right for an embedding of {size}.")
        told.append(right.format(said=whole(said), size=whole(embedding_with(costs, said))))
    return told


def _map_size(inquiry: Inquiry, said: float | None) -> list[str]:
    costs: Costs = inquiry.numbers
    fact = _("That is {formula}: four bytes for each pair of tokens in each head and layer.")
    return [fact.format(formula=_code(costs.map_formula)), _right_for_tokens(inquiry, said)]


def _cache_size(inquiry: Inquiry, said: float | None) -> list[str]:
    costs: Costs = inquiry.numbers
    fact = _("That is {formula}: four bytes for each number of a token's keys and values.")
    return [fact.format(formula=_code(costs.cache_formula)), _right_for_tokens(inquiry, said)]


def _right_for_tokens(inquiry: Inquiry, said: float | None) -> str:
    if not said:
        return ""
    tokens = tokens_with(inquiry.numbers, inquiry.question.answer, said)
    return _("{said} would be right for {tokens} tokens.").format(
        said=amount_text(inquiry, said), tokens=whole(tokens)
    )


def _code(formula: str) -> str:
    return f"`{formula}`"


def _without_heads(inquiry: Inquiry, said: str | None) -> list[str]:
    predicted: Predicted = inquiry.numbers
    fact = _(
        "The probability of {token} is {before} with all heads, and {after} after the removal."
    )
    return [_about_token(fact, predicted)]


def _likeliest(inquiry: Inquiry, said: str | None) -> list[str]:
    predicted: Predicted = inquiry.numbers
    if predicted.likeliest == predicted.likeliest_after:
        fact = _("It would still write {token}, which falls from {before} to {after}.")
        if predicted.after > predicted.before:
            fact = _("It would still write {token}, which rises from {before} to {after}.")
        return [_about_token(fact, predicted)]
    fact = _("It would no longer write {token} ({before}, now {after}), but {other} ({share}).")
    return [_about_token(fact, predicted)]


def _share_of_likeliest(inquiry: Inquiry, said: float | None) -> list[str]:
    predicted: Predicted = inquiry.numbers
    fact = _("That is the probability of {token}.")
    return [fact.format(token=verbatim(predicted.likeliest_after))]


def _largest_cut(inquiry: Inquiry, said: str | None) -> list[str]:
    predicted: Predicted = inquiry.numbers
    fact = _("{token} has {before} before, and with one edge cut: {each}.")
    queries = {cut.query for cut in predicted.cuts}
    if len(queries) == 1:
        fact = _("{token} has {before} before, and with one edge from {query} cut: {each}.")
    each = ", ".join(
        f"{verbatim(cut.query) if len(queries) > 1 else ''} → {verbatim(cut.key)} "
        f"{percent(cut.after, 1)}".strip()
        for cut in predicted.cuts
    )
    return [
        fact.format(
            token=verbatim(predicted.likeliest),
            before=percent(predicted.before, 1),
            query=verbatim(predicted.cuts[0].query),
            each=each,
        )
    ]


def _main_writers(inquiry: Inquiry, said: str | None) -> list[str]:
    predicted: Predicted = inquiry.numbers
    fact = _(
        "To the logit of {token}, heads add {heads}, feed-forwards {feed_forwards} and the "
        "embedding {embedding}."
    )
    if len(predicted.written_of) > 1:
        fact = _(
            "To the logit of {token} less that of {against}, heads add {heads}, feed-forwards "
            "{feed_forwards} and the embedding {embedding}."
        )
    token, against = (*predicted.written_of, "")[:2]
    return [
        fact.format(
            token=verbatim(token),
            against=verbatim(against),
            **{name: decimal(by, 2) for name, by in predicted.written.items()},
        )
    ]


def _about_token(fact: str, predicted: Predicted) -> str:
    return fact.format(
        token=verbatim(predicted.likeliest),
        before=percent(predicted.before, 1),
        after=percent(predicted.after, 1),
        other=verbatim(predicted.likeliest_after),
        share=percent(predicted.share_after, 1),
    )


_FACTS: dict[str, Callable[[Inquiry, Any], list[str]]] = {
    "accuracy": _accuracy,
    "right_answers": _right_answers,
    "energies_of_twice": _energies,
    "overtakes_at": _overtakes,
    "map_size": _map_size,
    "cache_size": _cache_size,
    "without_heads": _without_heads,
    "likeliest_stays": _likeliest,
    "share_of_likeliest": _share_of_likeliest,
    "largest_cut": _largest_cut,
    "main_writers": _main_writers,
}
