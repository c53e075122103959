"""What a page says of its limits: what was cut, what isn't there, what doesn't fit."""

from typing import Any

import streamlit as st

from model.training.plan import Plan
from ui.choices.limits import MAX_TOKENS
from ui.frame.source import Source
from ui.runs.run import Run
from ui.text.i18n import _, ngettext
from ui.text.markdown import plain
from ui.text.stage_names import kind_name

MOST_SAID = 400  # characters of why something can't be read


def show_limits(source: Source[Any, Any], run: Run, *more: str) -> None:
    """Show what was cut, what doesn't fit, which rows have nothing to attend to, and more."""
    messages = [*more, *limits_of(source, run)]
    if messages:
        st.warning("  \n".join(messages), icon=":material/info:")


def limits_of(source: Source[Any, Any], run: Run) -> list[str]:
    """Return what was cut, what doesn't fit, and which rows have nothing to attend to."""
    return [*describe_cut(run), *_empty_rows(run), *source.notices(run)]


def describe_substitute(plan: Plan, problem: str) -> str:
    """Return why a task can't read what was typed, and what is shown in its place."""
    said = plain(problem, MOST_SAID).rstrip(".")
    return _("{problem}. Shown instead: {probe}.").format(
        problem=f"{said[:1].upper()}{said[1:]}", probe=plain(plan.learnt.probe)
    )


def describe_left_out(limit: int, count: int) -> str:
    """Return that so many tokens of sentences didn't fit."""
    cut = ngettext(
        "Sentences are cut after {limit} tokens: {count} token was left out.",
        "Sentences are cut after {limit} tokens: {count} tokens were left out.",
        count,
    )
    return cut.format(limit=limit, count=count)


def describe_cut(run: Run) -> list[str]:
    """Return how much was left out, and why."""
    if not run.left_out:
        return []
    if run.reads_together:
        cut = ngettext(
            "The two sentences together are cut to {limit} tokens: {count} token was left out.",
            "The two sentences together are cut to {limit} tokens: {count} tokens were left out.",
            run.left_out,
        ).format(limit=run.most_tokens, count=run.left_out)
    else:
        cut = describe_left_out(run.most_tokens, run.left_out)
    if run.most_tokens == run.longest:
        return [cut + " " + _("The model has no more positions.")]
    if run.most_tokens == MAX_TOKENS:
        return [cut]
    if len(run.kinds) > 1:
        why = _(
            "With {maps} matrices of weights, one a head, layer and pair, there is no room for "
            "more on this server."
        ).format(maps=run.maps * len(run.source.lengths))
        return [f"{cut} {why}"]
    (kind,) = run.kinds
    why = _(
        "Sentences × layers × heads ({sentences} × {layers} × {heads}) leave no room for more on "
        "this server."
    ).format(
        sentences=len(run.source.lengths), layers=run.layers_of(kind), heads=run.heads_of(kind)
    )
    return [f"{cut} {why}"]


def _empty_rows(run: Run) -> list[str]:
    messages = []
    for kind in run.kinds:
        sentences = range(len(run.source.lengths))
        allowed = [run.attention(0, s, kind).whole.allowed for s in sentences]
        empty = sum(int((~mask.any(axis=1)).sum()) for mask in allowed)
        if not empty:
            continue
        message = ngettext(
            "{count} query has nothing to attend to under this mask: its weights and its "
            "head outputs are zero.",
            "{count} queries have nothing to attend to under this mask: their weights and "
            "their head outputs are zero.",
            empty,
        ).format(count=empty)
        whose = "" if len(run.kinds) == 1 else f" ({kind_name(kind)})"
        messages.append(message + whose)
    return messages
