"""A slider, Play and Pause below a figure, which then needs no server to show its frames."""

from collections.abc import Sequence
from typing import Any

from viz.theme import TITLE_SIZE, Theme

ROOM = 62  # pixels below the figure's labels: what is shown, the slider and its buttons
BUTTONS = 190  # pixels for the two buttons, right of the slider
CAPTION_SIZE = 17
FRAME_MS = 100  # how long a frame is shown when it plays, at least
_AT_ONCE = {"mode": "immediate", "transition": {"duration": 0}}


def slider(
    captions: Sequence[str], values: Sequence[object], active: int, *, below: int, theme: Theme
) -> dict[str, Any]:
    """Return a slider with a step for each frame, whose caption stands above it.

    Args:
        captions: one a frame, escaped. Frame i has the name str(i).
        values: what events of the slider call the frames.
        active: the frame that the figure shows at first.
        below: pixels of labels between the plot and the slider.
        theme: the page's colours.
    """
    frame = {**_AT_ONCE, "frame": {"duration": 0, "redraw": True}}
    return {
        "active": active,
        "x": 0,
        "y": 0,
        "len": 1,
        "pad": {"l": 0, "r": BUTTONS, "t": below, "b": 0},
        "currentvalue": {"font": {"size": CAPTION_SIZE, "color": theme.text}, "offset": 8},
        # Only the caption is to be read: labels below the steps would be all captions at once.
        "font": {"size": 1, "color": "rgba(0,0,0,0)"},
        "ticklen": 0,
        "minorticklen": 0,
        "tickwidth": 0,
        "bgcolor": theme.faint,
        "activebgcolor": theme.highlight,
        "bordercolor": theme.text,
        "transition": {"duration": 0},
        "steps": [
            {"label": caption, "value": str(value), "method": "animate", "args": [[str(i)], frame]}
            for i, (caption, value) in enumerate(zip(captions, values, strict=True))
        ],
    }


def buttons(play: str, pause: str, *, below: int, theme: Theme) -> dict[str, Any]:
    """Return Play, from the frame shown to the last, and Pause, right of the slider."""
    on = {**_AT_ONCE, "fromcurrent": True, "frame": {"duration": FRAME_MS, "redraw": True}}
    off = {**_AT_ONCE, "frame": {"duration": 0, "redraw": False}}
    # Plotly paints a button that is pointed at almost white, on any page.
    ink, ground = sorted((theme.text, theme.sequential[0]), key=lambda color: int(color[1:3], 16))
    return {
        "type": "buttons",
        "direction": "right",
        "showactive": False,
        "x": 1,
        "y": 0,
        "xanchor": "right",
        "yanchor": "top",
        "pad": {"t": below + 24, "r": 0, "b": 0, "l": 0},
        "bgcolor": ground,
        "bordercolor": theme.faint,
        "font": {"color": ink, "size": TITLE_SIZE},
        "buttons": [
            {"label": play, "method": "animate", "args": [None, on]},
            {"label": pause, "method": "animate", "args": [[None], off]},
        ],
    }


def still_caption(text: str, *, below: int) -> dict[str, Any]:
    """Return an annotation that says what is shown, where a slider would say it."""
    return {
        "x": 0,
        "y": 0,
        "xref": "paper",
        "yref": "paper",
        "text": text,
        "showarrow": False,
        "xanchor": "left",
        "yanchor": "top",
        "yshift": -below,
        "font": {"size": CAPTION_SIZE},
    }
