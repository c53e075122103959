"""What a page says of its limits: what was cut, what isn't there, what doesn't fit."""

import re

import streamlit as st

from model.training.plan import Plan
from ui.i18n import _, ngettext
from ui.learnt import LearntRun
from ui.run import RandomRun, Run
from ui.settings import MAX_TOKENS
from ui.stages import kind_name
from ui.text import plain, verbatim
from ui.trained import TrainedRun

MOST_SAID = 400  # characters of why something can't be read
MOST_NAMED = 8  # words that a model doesn't know
FIRST_BYTES = re.compile(r" 1/\d$")  # of a character that several tokens make: see Subwords.shown


def tell_limits(run: Run, *more: str) -> None:
    """Say what was cut, what doesn't fit, which rows have nothing to attend to, and more."""
    messages = [*more, *limits_of(run)]
    if messages:
        st.warning("  \n".join(messages), icon=":material/info:")


def limits_of(run: Run) -> list[str]:
    """What was cut, what doesn't fit, and which rows have nothing to attend to."""
    messages = [*_left_out(run), *_empty_rows(run)]
    if isinstance(run, TrainedRun):
        messages += _unknown(run)
    elif isinstance(run, LearntRun):
        messages += _unseen_length(run)
    return messages


def said_instead(plan: Plan, problem: str) -> str:
    """Why a task can't read what was typed, and what is shown in its place."""
    said = plain(problem, MOST_SAID).rstrip(".")
    return _("{problem}. Shown instead: {probe}.").format(
        problem=f"{said[:1].upper()}{said[1:]}", probe=plain(plan.learnt.probe)
    )


def _unseen_length(run: LearntRun) -> list[str]:
    """That a model is asked about a length that its training never had."""
    task = run.learner.task
    read = len(run.example.source or run.example.inputs)
    if read == task.length or (read < task.length and not task.one_length):
        return []
    return [
        _(
            "Trained on {trained} symbols, it reads {read} here: what it says of places that "
            "it has never seen is a guess."
        ).format(trained=task.length, read=read)
    ]


def _left_out(run: RandomRun | TrainedRun) -> list[str]:
    if not run.left_out:
        return []
    if isinstance(run, TrainedRun) and run.settings.together:
        cut = ngettext(
            "The two sentences together are cut to {limit} tokens: {count} token was left out.",
            "The two sentences together are cut to {limit} tokens: {count} tokens were left out.",
            run.left_out,
        )
    else:
        cut = ngettext(
            "Sentences are cut after {limit} tokens: {count} token was left out.",
            "Sentences are cut after {limit} tokens: {count} tokens were left out.",
            run.left_out,
        )
    cut = cut.format(limit=run.most_tokens, count=run.left_out)
    if isinstance(run, TrainedRun) and run.most_tokens == run.model.longest:
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


def _unknown(run: TrainedRun) -> list[str]:
    """What of the text the model's vocabulary has no token for."""
    every = [subwords for side in run.computed.sides for subwords in side.subwords]
    words = {
        subwords.word_texts[word]: None
        for subwords in every
        for word, unknown in zip(subwords.words, subwords.unknown, strict=True)
        if unknown
    }
    messages = []
    if words:
        named = ", ".join(verbatim(word) for word in list(words)[:MOST_NAMED])
        messages.append(
            _("{name} has no token for {named}{more}: they become [UNK], the same for all.").format(
                name=plain(run.model.name),
                named=named,
                more=_(" and others") if len(words) > MOST_NAMED else "",
            )
        )
    torn = [shown[:-4].strip("␣") for s in every for shown in s.shown if FIRST_BYTES.search(shown)]
    torn = [character for character in torn if not character.startswith("U+")]  # no lone joiners
    if torn:
        messages.append(
            _(
                "{name} has no token for {named}{more}: it reads their bytes, several tokens to a "
                "character (1/3, 2/3 ...)."
            ).format(
                name=plain(run.model.name),
                named=", ".join(map(verbatim, list(dict.fromkeys(torn))[:MOST_NAMED])),
                more=_(" and others") if len(set(torn)) > MOST_NAMED else "",
            )
        )
    return messages


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
