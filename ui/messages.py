"""What a page says of its limits: what was cut, what isn't there, what doesn't fit."""

import streamlit as st

from ui.i18n import _, ngettext
from ui.link import value_of
from ui.run import Run
from ui.settings import MAX_TOKENS
from ui.stages import kind_name


def tell_limits(run: Run, messages: list[str]) -> None:
    """Say what was cut, what doesn't fit, and which rows have nothing to attend to."""
    messages = [*messages, *_left_out(run), *_without_rotary(run), *_empty_rows(run)]
    if messages:
        st.warning("  \n".join(messages), icon=":material/info:")


def _left_out(run: Run) -> list[str]:
    if not run.left_out:
        return []
    cut = ngettext(
        "Sentences are cut after {limit} tokens: {count} token was left out.",
        "Sentences are cut after {limit} tokens: {count} tokens were left out.",
        run.left_out,
    ).format(limit=run.most_tokens, count=run.left_out)
    if run.most_tokens == MAX_TOKENS:
        return [cut]
    why = _(
        "Sentences × layers × heads ({sentences} × {layers} × {heads}) leave no room for more on "
        "this server."
    ).format(
        sentences=len(run.settings.texts), layers=run.settings.layers, heads=run.settings.heads
    )
    return [f"{cut} {why}"]


def _without_rotary(run: Run) -> list[str]:
    if value_of("positions") == run.settings.positions:
        return []
    return [
        _(
            "Rotary positions turn pairs of numbers, and a head has {size} here, an odd count: "
            "positions are off."
        ).format(size=run.settings.embed_size // run.settings.heads)
    ]


def _empty_rows(run: Run) -> list[str]:
    messages = []
    for kind in run.kinds:
        sentences = range(len(run.source.lengths))
        allowed = [run.attention(0, s, kind).allowed for s in sentences]
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
