"""What a picture of a training shows, before anything is drawn: curves, and heads at a step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .heatmap import bar_room
from .labels import text_width
from .tiles import Tiles, grid_of, stacked
from .tiles_grid import Grid

WIDTH, HEIGHT = 870, 348  # design pixels of the plot: what a 1366×768 screen has room for
TALL_WIDTH, TALL_HEIGHT = 1400, 630  # ... and a 1920×1080 one
NARROW_WIDTH, NARROW_HEIGHT = 240, 288  # ... and the curves alone a phone
LEFT = 0.35  # the curves' share of the width
STEPS = 48  # pixels between the curves and heads below them: the steps, and what they are called
TALLEST_HEAD = 250  # design pixels of each, where they stand below one another
BAR = 68  # ... and of the colour bar beside them


@dataclass(frozen=True)
class Curves:
    """The course of one run, at each of its snapshots."""

    steps: np.ndarray  # (S,) whole numbers, growing
    accuracy: np.ndarray  # (S,) 0 to 1
    loss: np.ndarray  # (S,) nats
    entropy: np.ndarray  # (S, T) nats, of each head's weights
    head_names: Sequence[str]  # T, escaped
    name: str  # escaped: "this run", "kept"
    phase_change: int | None = None  # a step to mark; only the first run's is


@dataclass(frozen=True)
class Words:
    """The words of the figure, escaped."""

    step: str = "step"
    accuracy: str = "accuracy"
    loss: str = "loss"
    entropy: str = "entropy of each head"
    entropy_value: str = "entropy"  # of one, on hover
    phase_change: str = "phase change"
    play: str = "▶ Play"
    pause: str = "❚❚ Pause"


@dataclass(frozen=True)
class Learning:
    """The content of the figure, before any drawing is decided.

    Raises:
        ValueError: if frames, captions and this run's snapshots are not equally many.
    """

    # The heads at `step`, this run's first: weights, 0 to 1. Width, height and limit don't count.
    tiles: Tiles
    curves: Sequence[Curves]  # this run and, if there is one, the kept run
    step: int  # the step shown; where there are frames, that of the active one is
    last_step: int  # where the curves will end
    captions: Sequence[str] = ()  # escaped: one a frame; without frames one for `step`, or none
    frames: np.ndarray | None = (
        None  # (S, T, R, C) float32, the heads at each snapshot; NaN: masked
    )
    active: int = 0  # the frame shown
    words: Words = Words()
    width: int = WIDTH  # design pixels of the plot
    height: int = HEIGHT  # ... of the curves alone, where the heads stand below them
    is_stacked: bool = False  # curves, heads and what plays them below one another

    def __post_init__(self) -> None:
        if self.frames is None:
            return
        found = (len(self.frames), len(self.captions), len(self.curves[0].steps))
        if len(set(found)) > 1:
            raise ValueError(
                "each of this run's snapshots needs one frame and one caption, got "
                f"{found[0]} frames, {found[1]} captions and {found[2]} snapshots"
            )
        if not 0 <= self.active < len(self.frames):
            raise ValueError(f"active must be one of {len(self.frames)} frames, got {self.active}")

    @property
    def step_shown(self) -> int:
        """The step that the heatmaps and the cursor are at."""
        return self.step if self.frames is None else int(self.curves[0].steps[self.active])

    @property
    def tiles_shown(self) -> Tiles:
        """The heads at that step, as large as there is room for, on a scale that frames share."""
        values = self.tiles.values if self.frames is None else self.frames[self.active]
        tiles = replace(self.tiles, values=values, diverging=False, limit=1.0)
        if self.is_stacked:
            room = BAR + bar_room(tiles.scale, tiles.scale.end or 1.0)
            return stacked(tiles, width=self.width - room, highest=TALLEST_HEAD)
        width = int(self.width * (1 - LEFT)) - gap_of(tiles)
        return replace(tiles, width=width, height=self.height)

    @property
    def curves_width(self) -> float:
        """Design pixels of the curves."""
        return self.width if self.is_stacked else LEFT * self.width

    @property
    def plot_height(self) -> int:
        """Design pixels of the whole plot: curves and heads."""
        return self.height + STEPS + self.tiles_shown.height if self.is_stacked else self.height

    @property
    def heads_domain(self) -> tuple[list[float], list[float]]:
        """Which shares of the plot the heads have, from left to right and from below."""
        tiles = self.tiles_shown
        if self.is_stacked:
            return [0, tiles.width / self.width], [0, tiles.height / self.plot_height]
        return [LEFT + gap_of(tiles) / self.width, 1], [0, 1]


def learning_grid(learning: Learning) -> Grid:
    """Return the grid in which the heads are drawn."""
    return grid_of(learning.tiles_shown)


def gap_of(tiles: Tiles) -> int:
    """Return the pixels between the curves and the heatmaps: for the names of rows."""
    return 48 + int(max(map(text_width, tiles.rows.short)))
