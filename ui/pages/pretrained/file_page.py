"""Pretrained with attention from a file: the views that its content allows."""

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from model.transformer import AttentionKind as Kind
from ui.choices.options import BETWEEN_TOKENS, FIELDS, KINDS, OVERVIEWS, STAGES, Stage
from ui.components import window_is_tall
from ui.controls.colors import weight_scale
from ui.controls.fits import fit_layer_to
from ui.controls.popover import draw_popover
from ui.controls.random_settings import segments
from ui.controls.selection import INPUTS, Selection, attention_in
from ui.frame.failures import told_in_place
from ui.frame.follow import Top, draw_top, end_sidebar, follow
from ui.frame.history import live
from ui.frame.messages import show_limits
from ui.frame.view_bar import draw_selection_row, draw_view_bar
from ui.link.memory import settle, value_of
from ui.link.notices import notice, show_notices
from ui.pages.pretrained.controls import draw_first_settings, draw_model_of_file
from ui.pages.pretrained.file_memory import POPOVER, draw_uploader, opened_file
from ui.pages.pretrained.file_source import FROM_FILE
from ui.runs.run import Run
from ui.runs.trace_file import FileRun
from ui.text.explain import explain
from ui.text.i18n import _
from ui.text.markdown import plain
from ui.text.option_names import word
from ui.views.cell import CELL
from ui.views.descriptions import STAGES as STAGES_DESCRIBED
from ui.views.few_heads import only
from ui.views.head import HEAD
from ui.views.heads import HEADS, show_tiles
from ui.views.layers import LAYERS
from ui.views.marks import mark_tokens
from ui.views.numbers import NUMBERS
from ui.views.stages import attention_tiles
from ui.views.strip import show_strip
from ui.views.view import View
from viz.theme import Theme
from viz.tiles_grid import HEIGHT, TALL_HEIGHT
from viz.weight_scale import LINEAR

LONGEST_NAME = 40  # characters of a layer's
INPUTS_HEIGHT = 70  # pixels of head, query and key, which stand above one head
HIGHEST = 1.0005  # weight: one of 16 bits may be above 1 by so much
CHART = "head_part_chart"


def show_part_of_head(run: Run, selection: Selection, theme: Theme) -> None:
    """Draw a stage of one head, where not all that it follows from is there."""
    attention, head = attention_in(run, selection), selection.head or 0
    stage: Stage = value_of("stage") if value_of("stage") in BETWEEN_TOKENS else "weights"
    height = (TALL_HEIGHT if window_is_tall() else HEIGHT) - INPUTS_HEIGHT
    tiles = only(attention_tiles(attention, stage, height=height), (head,))
    scale = weight_scale() if stage == "weights" else LINEAR
    tiles = mark_tokens(tiles, attention, selection.query, selection.key)
    show_tiles(replace(tiles, scale=scale), CHART, theme)


PART_OF_HEAD = View(
    "head",
    show_part_of_head,
    lambda: STAGES_DESCRIBED[value_of("stage")],
    switch="stage",
    required=("head",),
    inputs=INPUTS,
    shows_weights=lambda: bool(value_of("stage") == "weights"),
)


def views_of(run: FileRun) -> tuple[View, ...]:
    """Return what a file has to show."""
    if run.is_complete:
        return (HEADS, HEAD, CELL, LAYERS, NUMBERS)
    return (HEADS, PART_OF_HEAD, LAYERS, NUMBERS)


def stages_of(run: FileRun) -> tuple[Stage, ...]:
    """Return the stages of which a file has the numbers."""
    return tuple(stage for stage in STAGES if all(map(run.knows, FIELDS[stage])))


def get_file() -> bool:
    """Whether a file is open, and fits what is chosen; else draw what opens one, and why."""
    file = opened_file()
    if file is not None:
        _fit(file.run)
        return True
    st.info(
        _(
            "This page shows attention from a file, which isn't in the link: open the file here. "
            "What the link says of views, layers and heads stays."
        ),
        icon=":material/upload_file:",
    )
    draw_uploader()
    show_notices()
    return False


def draw_from_file() -> None:
    """Draw the page of a file, or what opens one where the link's isn't here."""
    top = draw_top()
    with top.messages:
        is_open = get_file()
    file = opened_file()
    if not is_open or file is None:
        with st.sidebar:
            draw_model_of_file()
        return
    run = file.run
    with st.sidebar:
        draw_model_of_file()
        draw_popover(
            _("Open another file"),
            draw_uploader,
            key=POPOVER,
            icon=":material/upload_file:",
        )
        _draw_layer(run)
        if len(run.kinds) > 1:
            segments(_("Attention"), tuple(kind for kind in KINDS if kind in run.kinds), key="kind")
        end_sidebar(FROM_FILE, more=False, reset=draw_first_settings)
    overviews = tuple(each for each in OVERVIEWS if each != "stream")
    draw_view_bar(views_of(run), there={"stage": stages_of(run), "overview": overviews})
    draw_selection_row(views_of(run), sentences=len(run.source.lengths))
    live(_follow)(top)


def _fit(run: FileRun) -> None:
    """Keep what is chosen among what the file has."""
    there: dict[str, tuple[Any, ...]] = {
        "view": tuple(view.name for view in views_of(run)),
        "stage": ("weights", *stages_of(run)),
        "overview": tuple(each for each in OVERVIEWS if each != "stream"),
        "kind": run.kinds,
    }
    for key, choices in there.items():
        asked = value_of(key)
        if asked in choices:
            continue
        settle(**{key: choices[0]})
        if key == "kind":  # a link says it of models alone that have several
            continue
        message = _("The file has no “{asked}”; showing “{used}”.")
        notice(key, message.format(asked=word(asked), used=word(choices[0])))
    fit_layer_to(run.layers_of(kind_shown(run)))


def kind_shown(run: FileRun) -> Kind:
    """Return the attention that is shown."""
    kind: Kind = value_of("kind")
    return kind if kind in run.kinds else run.kinds[0]


def _draw_layer(run: FileRun) -> None:
    layers = run.layers[kind_shown(run)]
    if len(layers) > 1:
        st.select_slider(
            _("Layer shown"),
            range(len(layers)),
            value=value_of("layer"),
            key="layer",
            help=explain("layer"),
        )
    if name := layers[value_of("layer")].name:
        st.caption(_("Called {name} in the file").format(name=plain(name, LONGEST_NAME)))


def _follow(top: Top) -> None:
    """Draw what follows from what is chosen."""
    file = opened_file()
    if file is None:
        return
    views = views_of(file.run)
    followed = follow(FROM_FILE, views, top.messages, header=top.header)
    with top.sentences[0]:
        st.markdown(
            _("**From a file**: {name}").format(name=plain(file.name)),
            help=FROM_FILE.describe_reading(file.run) or None,
        )
    if followed is None:
        return
    with top.messages, told_in_place():
        run, selection = followed
        show_limits(FROM_FILE, run)
        has_strip = next(view for view in views if view.name == value_of("view")).has_strip
        if not has_strip or selection.kind == "cross":
            return
        weights = attention_in(run, selection).field("weights")
        if np.nanmin(weights, initial=0.0) < 0 or np.nanmax(weights, initial=0.0) > HIGHEST:
            st.caption(_("Weights below 0 or above 1 have no row of words that shows them."))
        else:
            show_strip(run, selection)
