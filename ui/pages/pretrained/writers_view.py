"""Writers: what each head, each feed-forward and the embedding adds to a token's logit."""

from functools import partial

import numpy as np
import streamlit as st

from model.contributions import AskedLogit, Contributions, ContributionsUnavailableError
from model.head_finder import rank
from ui.components import window_is_tall
from ui.controls.selection import Selection, draw_next_time
from ui.lesson.picture import show_beside
from ui.link.memory import choose
from ui.pages.pretrained.writers_token import asked_logit, draw_asked
from ui.runs.pretrained import PretrainedRun
from ui.runs.tables import contributions_csv
from ui.text.descriptions import Description
from ui.text.errors import describe_error
from ui.text.i18n import N_, _, in_this_language
from ui.text.markdown import plain, verbatim
from ui.text.numbers import decimal
from ui.views.heads import PLOTLY_CONFIG, show_pooling
from ui.views.view import Chart, Choice, Place, View
from viz.labels import AxisLabels
from viz.theme import Theme
from viz.tiles import Tiles, draw_tiles, grid_of

CHART = "writers_chart"
WIDTH, HEIGHT, TALL_HEIGHT = 560, 280, 560  # design pixels of the plot
FOR, AGAINST = 4, 3  # heads that are named of each sign
MOST_NAMED = 24  # heads at the axis
LONGEST_REASON = 300  # characters


def show_writers(run: PretrainedRun, selection: Selection, theme: Theme) -> None:
    """Draw what each part of each layer adds to a logit, the sums, and the heads with the most."""
    if run.next_logits is None:
        st.info(_("This model writes nothing: choose one with a decoder."))
        return
    asked = asked_logit(run)
    try:
        found = run.model.contributions(run.computed.output, asked)
    except ContributionsUnavailableError as error:
        st.info(plain(describe_error(error, _), LONGEST_REASON))
        return
    draw_asked(run, asked)
    left, right = st.columns([7, 3], gap="medium")
    with left:
        _show_map(run, found, asked, theme)
        st.markdown(f"{_sums(found)} {_check(run, found, asked)}")
    with right:
        _draw_ranking(found, asked.position)
        st.download_button(
            _("Table (CSV)"),
            in_this_language(partial(contributions_csv, found)),
            "headlight_writers.csv",
            "text/csv",
            key="download_writers",
            icon=":material/download:",
            on_click="ignore",
            type="tertiary",
        )
    st.caption(
        _(
            "These are direct contributions, with the final norm's denominator held as it is in "
            "this run (Elhage et al., 2021). They aren't a head's whole effect: it also acts "
            "through what later layers read from it."
        )
    )


def _show_beside(run: PretrainedRun, selection: Selection, theme: Theme) -> None:
    """Draw what each part adds, alone: a question's place is beside it."""
    if run.next_logits is None:
        st.info(_("This model writes nothing: choose one with a decoder."))
        return
    try:
        found = run.model.contributions(run.computed.output, asked_logit(run))
    except ContributionsUnavailableError as error:
        st.info(plain(describe_error(error, _), LONGEST_REASON))
        return
    show_beside(writers_tiles(found))


def _show_map(run: PretrainedRun, found: Contributions, asked: AskedLogit, theme: Theme) -> None:
    tiles = writers_tiles(found)
    heads = found.heads.shape[1]
    layer, part = np.unravel_index(np.nanargmax(np.abs(tiles.values[0])), tiles.values[0].shape)
    alt = _(
        "What {layers} layers of {heads} heads and a feed-forward add to the logit of {token}. "
        "Furthest from zero: {value}, layer {layer}, {part}."
    )
    st.plotly_chart(
        draw_tiles(tiles, theme),
        key=CHART,
        theme=None,
        config=PLOTLY_CONFIG,
        alt=alt.format(
            layers=len(found.heads),
            heads=heads,
            token=run.model.tokenizer.shown(asked.token),
            value=signed(float(tiles.values[0, layer, part])),
            layer=layer,
            part=tiles.columns.full[part],
        ),
    )
    grid = grid_of(tiles)
    show_pooling((grid.pooled_rows, grid.pooled_columns))


def writers_tiles(found: Contributions) -> Tiles:
    """Return the contributions as one tile: a row a layer, its heads, and beside them the rest."""
    layers, heads = found.heads.shape
    columns = [found.heads.numpy(), np.full((layers, 1), np.nan)]
    step = -(-heads // MOST_NAMED)  # of many heads, some: the others would take the rest's place
    short = [str(head) if head % step == 0 else "" for head in range(heads)] + [""]
    full = [_("head {head}").format(head=head) for head in range(heads)] + [""]
    title = _("head · FF: feed-forward")
    if found.attention_biases.any():
        columns.append(found.attention_biases[:, None].numpy())
        short.append("b")
        full.append(_("bias of the output projection"))
        title = _("head · b: bias · FF: feed-forward")
    columns.append(found.feed_forwards[:, None].numpy())
    short.append("FF")
    full.append(_("feed-forward"))
    rows = tuple(map(str, range(layers)))
    return Tiles(
        values=np.concatenate(columns, axis=1)[None].astype(np.float32),
        names=[_("What each adds")],
        rows=AxisLabels(rows, rows),
        columns=AxisLabels(tuple(short), tuple(full)),
        row_title=_("layer"),
        column_title=title,
        value_title=_("logits"),
        diverging=True,
        masked_text=_("nothing (a gap)"),
        row_word=_("layer"),
        column_word=_("by"),
        width=WIDTH,
        height=TALL_HEIGHT if window_is_tall() else HEIGHT,
    )


def signed(value: float) -> str:
    """Return a number of logits with its sign."""
    return ("+" if value > 0 else "") + decimal(value, 2)


def _sums(found: Contributions) -> str:
    """Return the parts' sums as an addition."""
    biases = float(found.attention_biases.sum())
    said = _(
        "Embedding **{embedding}** + heads **{heads}** + feed-forwards **{feed_forwards}** + "
        "constant **{constant}** = **{total}**."
    )
    if found.attention_biases.any():
        said = _(
            "Embedding **{embedding}** + heads **{heads}** + their biases **{biases}** + "
            "feed-forwards **{feed_forwards}** + constant **{constant}** = **{total}**."
        )
    return said.format(
        embedding=decimal(found.embedding, 3),
        heads=decimal(float(found.heads.sum()), 3),
        biases=decimal(biases, 3),
        feed_forwards=decimal(float(found.feed_forwards.sum()), 3),
        constant=decimal(found.constant, 3),
        total=decimal(found.total, 3),
    )


def _check(run: PretrainedRun, found: Contributions, asked: AskedLogit) -> str:
    """Return the model's own number, and how far the sum is from it."""
    shown = run.model.tokenizer.shown
    said = _("The model's own logit of {token}: **{logit}** (difference {difference}).")
    if asked.against is not None:
        said = _(
            "The model's own logit of {token} less that of {against}: **{logit}** (difference "
            "{difference})."
        )
    return said.format(
        token=verbatim(shown(asked.token)),
        against="" if asked.against is None else verbatim(shown(asked.against)),
        logit=decimal(found.logit, 3),
        difference=f"{found.difference:.0e}",
    )


def _draw_ranking(found: Contributions, position: int) -> None:
    with st.container(key="ranking", gap="xsmall"):
        st.markdown(_("**Add most**: click to open"))
        _draw_heads(found, position, most=FOR, sign=1)
        st.markdown(_("**Take most away**"))
        _draw_heads(found, position, most=AGAINST, sign=-1)


def _draw_heads(found: Contributions, position: int, *, most: int, sign: int) -> None:
    for layer, head, value in rank(found.heads, lowest=sign < 0, most=most):
        if sign * value <= 0:
            continue
        st.button(
            _("Layer {layer} · head {head}: {score}").format(
                layer=layer, head=head, score=signed(value)
            ),
            key=f"writer_{layer}_{head}",
            on_click=_open,
            args=(layer, head, position),
            width="stretch",
        )


def _open(layer: int, head: int, position: int) -> None:
    choose("writer", view="head", layer=layer, head=head, q=position)
    draw_next_time()


def behind_cell(run: PretrainedRun, selection: Selection, place: Place) -> Choice:
    """Return what to show after a click on a contribution: its head, at the text's last token."""
    _tile, layer, head = place
    kind = selection.kind
    if not (0 <= layer < run.layers_of(kind) and 0 <= head < run.heads_of(kind)):
        return None
    return {"view": "head", "layer": layer, "head": head, "q": run.sentences.lengths[0] - 1}


DESCRIPTION = Description(
    N_("Writers: what each head and each feed-forward adds, by itself, to a token's logit."),
    "logit = Σ u·norm(x)",
    (
        "logit",
        "head",
        "feed_forward",
        "token",
        "layer",
        "embedding",
        "norm",
        "output",
        "projection",
    ),
)
WRITERS = View(
    "writers",
    show_writers,
    lambda: DESCRIPTION,
    beside=_show_beside,
    charts=(Chart(CHART, behind_cell),),
    picks=False,
    group="answer",
    has_strip=False,
)
