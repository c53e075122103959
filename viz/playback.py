"""A slider, Play and Pause below a figure, which then needs no server to show its frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .theme import TITLE_SIZE, Theme

ROOM = 62  # pixels below the figure's labels: what is shown, the slider and its buttons
SECOND_LINE = 22  # ... of what is shown, where the slider has the whole width ...
BUTTONS_BELOW = 46  # ... and of the buttons below it
EDGE = 8  # pixels between the slider and the left edge of such a figure
BUTTONS = 190  # pixels for the two buttons, right of the slider ...
BESIDE = 24  # ... and how far below its caption they begin
CAPTION_SIZE = 17
FRAME_MS = 100  # how long a frame is shown when it plays, at least
_AT_ONCE = {"mode": "immediate", "transition": {"duration": 0}}


@dataclass(frozen=True)
class Place:
    """Where a figure's slider and its buttons stand."""

    below: int  # pixels of labels between the plot and the slider
    left: int = 0  # pixels of the figure's left margin
    is_stacked: bool = False  # caption, slider and buttons below one another, in the whole width

    @property
    def room(self) -> int:
        """Pixels that all of it needs below the labels."""
        return ROOM + SECOND_LINE + BUTTONS_BELOW if self.is_stacked else ROOM

    @property
    def edge(self) -> int:
        """How many pixels it begins left of the plot."""
        return self.left - EDGE if self.is_stacked else 0

    def said(self, caption: str) -> str:
        """Return a caption as it is written: its last part in a line of its own, if stacked."""
        first, dot, last = caption.rpartition(" · ")
        return f"{first}<br>{last}" if dot and self.is_stacked else caption


def slider(
    captions: Sequence[str], values: Sequence[object], active: int, *, place: Place, theme: Theme
) -> dict[str, Any]:
    """Return a slider with a step for each frame, whose caption stands above it.

    Args:
        captions: one a frame, escaped. Frame i has the name str(i).
        values: what events of the slider call the frames.
        active: the frame that the figure shows at first.
        place: where it stands.
        theme: the page's colours.
    """
    frame = {**_AT_ONCE, "frame": {"duration": 0, "redraw": True}}
    return {
        "active": active,
        "x": 0,
        "y": 0,
        "len": 1,
        "pad": {
            "l": -place.edge,
            "r": 0 if place.is_stacked else BUTTONS,
            "t": place.below,
            "b": 0,
        },
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
            {
                "label": place.said(caption),
                "value": str(value),
                "method": "animate",
                "args": [[str(i)], frame],
            }
            for i, (caption, value) in enumerate(zip(captions, values, strict=True))
        ],
    }


def buttons(play: str, pause: str, *, place: Place, theme: Theme) -> dict[str, Any]:
    """Return Play, from the frame shown to the last, and Pause, right of the slider or below."""
    on = {**_AT_ONCE, "fromcurrent": True, "frame": {"duration": FRAME_MS, "redraw": True}}
    off = {**_AT_ONCE, "frame": {"duration": 0, "redraw": False}}
    down = ROOM + SECOND_LINE if place.is_stacked else BESIDE
    # Plotly paints a button that is pointed at almost white, on any page.
    ink, ground = sorted((theme.text, theme.sequential[0]), key=lambda color: int(color[1:3], 16))
    return {
        "type": "buttons",
        "direction": "right",
        "showactive": False,
        "x": 0 if place.is_stacked else 1,
        "y": 0,
        "xanchor": "left" if place.is_stacked else "right",
        "yanchor": "top",
        "pad": {"t": place.below + down, "r": 0, "b": 0, "l": -place.edge},
        "bgcolor": ground,
        "bordercolor": theme.faint,
        "font": {"color": ink, "size": TITLE_SIZE},
        "buttons": [
            {"label": play, "method": "animate", "args": [None, on]},
            {"label": pause, "method": "animate", "args": [[None], off]},
        ],
    }


def still_caption(text: str, *, place: Place) -> dict[str, Any]:
    """Return an annotation that says what is shown, where a slider would say it."""
    return {
        "x": 0,
        "y": 0,
        "xref": "paper",
        "yref": "paper",
        "text": place.said(text),
        "align": "left",
        "showarrow": False,
        "xanchor": "left",
        "yanchor": "top",
        "xshift": -place.edge,
        "yshift": -place.below,
        "font": {"size": CAPTION_SIZE},
    }
