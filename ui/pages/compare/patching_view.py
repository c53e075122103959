"""A into B: which pieces of A's run bring its answer back, put into B's."""

from dataclasses import replace

import numpy as np
import streamlit as st

from model.next_token import probabilities_of
from model.patching import PatchedPair
from ui.choices.options import PATCHED, Patched
from ui.components import window_is_tall
from ui.controls.random_settings import segments
from ui.jobs.patching_job import PatchingJob
from ui.link.memory import value_of
from ui.pages.compare.patching import (
    PatchedSides,
    cancel_patching,
    job_shown,
    patched_sides,
    problem_of,
    recovered_map,
    start_patching,
)
from ui.pages.compare.side import LETTERS, side_of, written
from ui.text.errors import describe_error
from ui.text.i18n import _
from ui.text.markdown import plain, verbatim
from ui.text.numbers import decimal, percent, whole
from ui.views.heads import head_map, show_tiles
from ui.views.view import Chart, Choice, Place
from viz.labels import AxisLabels
from viz.theme import Theme
from viz.tiles import Tiles

CHART = "patching_chart"
WIDTH, HEIGHT, TALL_HEIGHT = 560, 330, 600  # design pixels of the plot
LONGEST_TEXT = 120  # characters of a sentence
STRONGEST = 6  # cells that are named


def draw_patching_options() -> None:
    """Draw what goes from A into B."""
    segments(_("From A into B"), PATCHED, key="patch", hidden=True)


def describe_texts() -> str:
    """Return what A and B read, where one is put into the other; empty on other views."""
    sides = patched_sides() if value_of("view") == "patching" else None
    if sides is None:
        return ""
    a, b = (verbatim(side.texts[0], LONGEST_TEXT) for side in (sides.a, sides.b))
    return _("A reads {a}, B reads {b}.").format(a=a, b=b)


def show_patching(theme: Theme) -> None:
    """Draw the map as far as it is, how far that is, and what it means."""
    sides = patched_sides()
    pair = None if sides is None else sides.pair()
    if sides is None or pair is None:
        return  # the page says which sides can be patched
    what: Patched = value_of("patch")
    if problem := problem_of(pair, what):
        st.info(problem, icon=":material/block:")
        return
    job = job_shown()
    left, right = st.columns([7, 4], gap="medium")
    with left:
        show_tiles(patching_tiles(sides, pair, job, what), CHART, theme)
    with right:
        _draw_progress(pair, job, what)
        st.markdown(_describe_answers(sides, pair))
        if job is not None and job.cells:
            st.markdown(_describe_strongest(sides, job))
    st.caption(_describe_measure(sides, pair, what))


def _draw_progress(pair: PatchedPair, job: PatchingJob | None, what: Patched) -> None:
    """Draw what starts it or ends it, and how far it is."""
    places = pair.heads if what == "heads" else pair.length
    total = pair.layers * places
    if job is None or job.state in ("cancelled", "failed"):
        st.button(
            _("Patch: {count} cells").format(count=whole(total)),
            key="patch_start",
            icon=":material/play_arrow:",
            type="primary",
            on_click=start_patching,
            width="stretch",
        )
    if job is None:
        return
    if job.state == "failed":
        st.error(plain(describe_error(job.error, _), 400), icon=":material/error:")
        return
    done = _("{done} of {total}").format(done=whole(len(job.cells)), total=whole(total))
    if job.state == "finished":
        st.caption(
            _("{count} cells, computed in {seconds} s").format(
                count=whole(total), seconds=decimal(job.seconds, 1)
            )
        )
        return
    if job.state == "cancelled":
        done = _("{done} · cancelled").format(done=done)
    st.progress(len(job.cells) / total, done)
    if job.is_running:
        st.button(
            _("Cancel"),
            key="patch_cancel",
            icon=":material/stop:",
            on_click=cancel_patching,
            width="stretch",
        )


def patching_tiles(
    sides: PatchedSides, pair: PatchedPair, job: PatchingJob | None, what: Patched
) -> Tiles:
    """Return the map, a row a layer, a column a head or a position; empty where nothing is yet."""
    places = pair.heads if what == "heads" else pair.length
    values = recovered_map(job) if job else np.full((pair.layers, places), np.nan)
    tiles = head_map(values, "", _("of A's answer"), masked_text=_("not computed yet"))
    found = abs(values[values == values])
    tiles = replace(
        tiles,
        diverging=True,
        limit=max(1.0, float(found.max(initial=0.0))),  # 1 is all of it
        width=WIDTH,
        height=TALL_HEIGHT if window_is_tall() else HEIGHT,
    )
    if what == "heads":
        return tiles
    tokens = [sides.computed(letter).source.tokens[0][: pair.length] for letter in LETTERS]
    of_a, of_b = tokens
    labels = [b if a == b else f"{b} ← {a}" for a, b in zip(of_a, of_b, strict=True)]
    full = [f"{place}: {label}" for place, label in enumerate(labels)]
    return replace(
        tiles,
        columns=AxisLabels(tuple(of_b), tuple(full)),
        column_title=_("position, in B"),
        column_word=_("position"),
        row_title=_("before layer"),
        row_word=_("before layer"),
    )


def _describe_answers(sides: PatchedSides, pair: PatchedPair) -> str:
    """Say what A and B answer, how sure they are, and what d is in each."""
    answers, shown = pair.answers, sides.model.tokenizer.shown
    lines = []
    for letter, run, token, difference in (
        ("A", pair.a, answers.a_token, answers.a),
        ("B", pair.b, answers.b_token, answers.b),
    ):
        assert run.next_logits is not None  # a decoder's
        (probability,) = probabilities_of(run.next_logits[0], [token])
        line = _("**{side}** answers {token}: {percent}, d = {difference}")
        lines.append(
            line.format(
                side=letter,
                token=verbatim(shown(token), 40),
                percent=percent(probability),
                difference=decimal(difference, 2),
            )
        )
    return "  \n".join(lines)


def _describe_strongest(sides: PatchedSides, job: PatchingJob) -> str:
    """Name the cells that do most, either way."""
    found = [
        (part, layer, place)
        for layer, place, difference in job.cells
        if (part := job.answers.recovered(difference)) is not None and part
    ]
    found.sort(key=lambda each: -abs(each[0]))
    if job.what == "positions":  # of each its strongest layer: neighbours do much the same
        found = list({place: each for each in reversed(found) for place in each[2:]}.values())
        found.sort(key=lambda each: -abs(each[0]))
    tokens = sides.computed("b").source.tokens[0]
    lines = []
    for part, layer, place in found[:STRONGEST]:
        if job.what == "heads":
            line = _("Layer {layer}, head {head}: **{part}**").format(
                layer=layer, head=place, part=percent(part)
            )
        else:
            line = _("Before layer {layer}, {token} ({place}): **{part}**").format(
                layer=layer, token=verbatim(tokens[place], 40), place=place, part=percent(part)
            )
        lines.append(line)
    if not lines:
        return _("Nothing has come back so far.")
    title = _("**Most**") if not job.is_running else _("**Most so far**")
    return "  \n".join([title, *lines])


def _describe_measure(sides: PatchedSides, pair: PatchedPair, what: Patched) -> str:
    """Say what a cell is, and how it misleads."""
    answers, shown = pair.answers, sides.model.tokenizer.shown
    # Not as code, which is smaller than a caption already is.
    a, b = (plain(shown(token), 40) for token in (answers.a_token, answers.b_token))
    if answers.are_same:
        said = _(
            "d is the logit of “{a}”, the answer of both, after the last token. "
            "0 is as in B, 1 all that A has more; below 0 and above 1 are possible."
        ).format(a=a)
    else:
        said = _(
            "d is the logit of “{a}” minus that of “{b}” after the last token. "
            "0 is as in B, 1 as in A; below 0 and above 1 are possible."
        ).format(a=a, b=b)
    parts = [said, _what_is_put(pair, what)]
    if sides.has_changes:
        parts.append(_("What is changed by hand on a side isn't in these runs."))
    parts.append(
        _(
            "What brings an answer back doesn't explain it: several heads can each be enough, and "
            "a patched run is one the model has never seen (Heimersheim & Nanda, 2024)."
        )
    )
    return " ".join(parts)


def _what_is_put(pair: PatchedPair, what: Patched) -> str:
    if what == "positions":
        return _("A cell is a run of B with the one vector that a layer of A reads at a position.")
    if pair.have_one_length:
        return _("A cell is a run of B with one head's output of A, at all positions.")
    return _(
        "A and B have different numbers of tokens, so a cell is a run of B with one head's output "
        "of A at the last token alone."
    )


def _behind_cell(place: Place) -> Choice:
    """Return the layer that was clicked, on both sides, with its head or its position."""
    sides = patched_sides()
    if sides is None:
        return None
    _tile, layer, column = place
    size = sides.model.sizes["encoder_self"]
    what: Patched = value_of("patch")
    if not (0 <= layer < size.layers and column >= 0):
        return None
    shown = written({letter: side_of(letter)[0].replaced(layer=layer) for letter in LETTERS})
    if what == "positions":
        return {**shown, "view": "heads", "q": column, "k": None, "stage": "weights"}
    if column >= size.heads:
        return None
    return {**shown, "view": "head", "head": column, "stage": "weights"}


CLICKABLE = (Chart(CHART, lambda run, selection, place: _behind_cell(place)),)
