"""Read early: the likeliest next token after every layer, as if the stream ended there."""

from dataclasses import dataclass

import streamlit as st

from model.logit_lens import LensReadings, NotReadableError, Wins, wins_at
from ui.components import window_is_narrow, window_is_tall
from ui.controls.popover import draw_popover
from ui.controls.selection import Selection, draw_selection
from ui.runs.early_reading import read_positions, written_side
from ui.runs.pretrained import PretrainedRun
from ui.text.descriptions import Description
from ui.text.errors import describe_error
from ui.text.explain import explain
from ui.text.i18n import N_, _
from ui.text.markdown import plain, token_text, verbatim
from ui.text.numbers import percent, whole
from ui.views.heads import PLOTLY_CONFIG
from ui.views.view import Chart, Choice, Place, View
from viz.labels import AxisLabels, escape
from viz.lens import WIDTH, Lens, draw_lens
from viz.theme import Theme

CHART = "lens_chart"
HEIGHT, TALL_HEIGHT = 476, 740  # pixels of the figure
MOST_POSITIONS, MOST_ON_TALL = 18, 26  # whose tokens can be read in their cells ...
MOST_ON_PHONE = 4
WIDTH_ON_TALL, WIDTH_ON_PHONE = 1300, 200  # pixels of the plot there


@dataclass(frozen=True)
class Window:
    """The positions of a sentence that are shown, and the one that is looked at."""

    positions: range
    query: int
    length: int  # of the whole sentence


def show_lens(run: PretrainedRun, selection: Selection, theme: Theme) -> None:
    """Draw what each layer would say next, and where the answer wins."""
    if run.next_logits is None:
        st.info(_("This model writes nothing: choose one with a decoder."))
        return
    window = window_in(run, selection)
    try:
        readings = read_positions(run, window.positions)
    except NotReadableError as error:
        said = _("{model} can't be read early: {why}.")
        why = plain(describe_error(error, _), 300)
        st.info(said.format(model=plain(run.model.name), why=why))
        return
    framed = _("Framed: where each answer has won for good.")
    st.markdown(f"{_told(run, readings, window)} {framed}")
    lens = lens_of(run, selection, readings, window)
    st.plotly_chart(
        draw_lens(lens, theme),
        key=CHART,
        theme=None,
        config=PLOTLY_CONFIG,
        alt=_in_words(run, readings, window),
    )
    said = _(
        "A lens, not what the model says: only the last row is that. Earlier ones aren't trained "
        "to be read so; a wrong or sure guess there says little (Belrose et al., 2023)."
    )
    if window_is_narrow() and len(window.positions) < window.length:  # no room for it at the axis
        part = _("Shown are positions {first} to {last} of {count}, around the chosen query.")
        said = f"{part.format(**_bounds(window))} {said}"
    st.caption(said)


def window_in(run: PretrainedRun, selection: Selection) -> Window:
    """Return the positions around the chosen query; around the last one where none is chosen."""
    length = written_side(run).lengths[0]
    query = length - 1
    if selection.query is not None and _asks_written(run, selection):
        query = min(selection.query, query)
    most = MOST_ON_TALL if window_is_tall() else MOST_POSITIONS
    most = MOST_ON_PHONE if window_is_narrow() else most
    start = min(max(0, query - most // 2), max(0, length - most))
    return Window(range(start, min(length, start + most)), query, length)


def _asks_written(run: PretrainedRun, selection: Selection) -> bool:
    """Whether the chosen query is a token of what the model writes on."""
    return run.computed.target is None or selection.kind != "encoder_self"


def lens_of(
    run: PretrainedRun, selection: Selection, readings: LensReadings, window: Window
) -> Lens:
    """Return the readings as a table of layers and positions."""
    rows, columns = readings.tokens.shape[:2]
    layers = (_("input"), *map(str, range(rows - 1)))
    shown = [
        [[token_text(run.model.tokenizer.shown(token), 20) for token in cell] for cell in row]
        for row in readings.tokens.tolist()
    ]
    labels = written_side(run).labels(0)
    place = slice(window.positions.start, window.positions.stop)
    return Lens(
        probabilities=readings.probabilities[..., 0].numpy(),
        tokens=[[escape(cell[0]) for cell in row] for row in shown],
        hovers=[
            [_hover(readings, shown[row][column], row, column) for column in range(columns)]
            for row in range(rows)
        ],
        wins=[wins_at(column).stays for column in readings.tokens[..., 0].T.tolist()],
        layers=AxisLabels(layers, layers),
        positions=AxisLabels(labels.short[place], labels.full[place]),
        layer_title=_("after layer"),
        position_title=_position_title(window),
        probability_title=_("probability of the likeliest token"),
        marked_layer=selection.layer + 1 if _asks_written(run, selection) else None,
        marked_position=window.query - window.positions.start,
        width=_width(),
        height=TALL_HEIGHT if window_is_tall() else HEIGHT,
    )


def _width() -> int:
    if window_is_narrow():
        return WIDTH_ON_PHONE
    return WIDTH_ON_TALL if window_is_tall() else WIDTH


def _hover(readings: LensReadings, tokens: list[str], row: int, column: int) -> str:
    """Return the likeliest tokens of a cell with their probabilities, and the answer's rank."""
    likeliest = "<br>".join(
        f"<b>{escape(token)}</b> {percent(p, 2)}"
        for token, p in zip(tokens, readings.probabilities[row, column].tolist(), strict=True)
    )
    answer = _("the answer in the end is number {rank} here, with {probability}").format(
        rank=whole(int(readings.followed_ranks[row, column])),
        probability=percent(float(readings.followed_probabilities[row, column]), 2),
    )
    return f"{likeliest}<br>{answer}"


@dataclass(frozen=True)
class _Answer:
    """What a model says after a token in the end, and where in the layers it wins."""

    after: str
    token: str
    probability: float
    wins: Wins
    layers: int


def _answer(run: PretrainedRun, readings: LensReadings, window: Window) -> _Answer:
    column = window.query - window.positions.start
    return _Answer(
        after=written_side(run).subwords[0].shown[window.query],
        token=run.model.tokenizer.shown(int(readings.followed[column])),
        probability=float(readings.followed_probabilities[-1, column]),
        wins=wins_at(readings.tokens[:, column, 0].tolist()),
        layers=len(readings.tokens) - 1,
    )


def _told(run: PretrainedRun, readings: LensReadings, window: Window) -> str:
    """Return from which layer on the answer is the likeliest token, in Markdown."""
    answer = _answer(run, readings, window)
    first, stays = (row - 1 for row in answer.wins)  # of the layers, which begin at row 1
    if stays == answer.layers - 1 == first:
        said = _(
            "After {after} the model says {token} (**{probability}**): the likeliest only after "
            "the last layer, {stays}."
        )
    elif stays == -1:
        said = _(
            "After {after} the model says {token} (**{probability}**): the likeliest from the "
            "input on, before any layer."
        )
    elif first == stays:
        said = _(
            "After {after} the model says {token} (**{probability}**): the likeliest for the first "
            "time after layer **{stays}**, and from there on."
        )
    elif first == -1:
        said = _(
            "After {after} the model says {token} (**{probability}**): the likeliest already at "
            "the input, and for good from layer **{stays}** on."
        )
    else:
        said = _(
            "After {after} the model says {token} (**{probability}**): the likeliest for the first "
            "time after layer **{first}**, and for good from layer **{stays}** on."
        )
    return said.format(
        after=verbatim(answer.after),
        token=verbatim(answer.token),
        probability=percent(answer.probability, 1),
        first=first,
        stays=stays,
    )


def _in_words(run: PretrainedRun, readings: LensReadings, window: Window) -> str:
    """Return a sentence on the chart, for people who hear it instead of seeing it."""
    answer = _answer(run, readings, window)
    return _(
        "The likeliest next token after the input and each of {layers} layers, at {positions} "
        "positions. After {after}, in the end: {token}, {probability}; the likeliest after {rows} "
        "of the last layers in a row."
    ).format(
        layers=answer.layers,
        positions=len(window.positions),
        after=token_text(answer.after),
        token=token_text(answer.token),
        probability=percent(answer.probability, 1),
        rows=1 + answer.layers - answer.wins.stays,
    )


def _position_title(window: Window) -> str:
    """Return what stands below the tokens: which of them these are, where there are more."""
    if len(window.positions) == window.length or window_is_narrow():
        return _("after the token")
    return _(
        "after the token (around the chosen query: positions {first} to {last} of {count})"
    ).format(**_bounds(window))


def _bounds(window: Window) -> dict[str, int]:
    positions = window.positions
    return {"first": positions.start, "last": positions.stop - 1, "count": window.length}


def behind_cell(run: PretrainedRun, selection: Selection, place: Place) -> Choice:
    """Return what to show after a click: the position as the query, and the layer."""
    tile, row, column = place
    if run.next_logits is None:
        return None
    both = run.computed.target is not None
    layers = run.layers_of("decoder_self" if both else "encoder_self")
    positions = window_in(run, selection).positions
    if tile != 0 or not (0 <= row <= layers and 0 <= column < len(positions)):
        return None
    choice = {"q": positions[column]}
    if row:
        choice["layer"] = row - 1
    if not _asks_written(run, selection):
        return {**choice, "kind": "decoder_self"}
    return choice


def _draw_query() -> None:
    """Draw the choice of the position, beside a click on it."""
    draw_popover(
        _("Query"),
        lambda: draw_selection(("q",)),
        key="choose_popover",
        icon=":material/my_location:",
        help=explain("query"),
        width="content",
    )


DESCRIPTION = Description(
    N_("Read early: what the model would write next if it ended after each of its layers."),
    "softmax(logits of norm(x))",
    (
        "logit_lens",
        "residual_stream",
        "layer",
        "token",
        "softmax",
        "logit",
        "norm",
        "query",
        "head",
    ),
)
LENS = View(
    "lens",
    show_lens,
    lambda: DESCRIPTION,
    charts=(Chart(CHART, behind_cell),),
    draw_options=_draw_query,
    picks=False,
    group="answer",
    has_strip=False,
)
