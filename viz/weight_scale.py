"""How the colours of weights follow them: evenly, by their logarithms, by their square roots.

Where heads rest on one token, its weights take the whole of an even scale, and all others look
like zero. Here the cells keep their true values, for the hover box and for clicks; what moves are
the stops of the colours, and with them the numbers beside the colour bar.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from .theme import ColorScale, color_scale

Curve = Literal["linear", "log", "sqrt"]

# A log scale has no zero. Four decades below an end of 1 is 0.0001, a twentieth of what each of 512
# tokens gets in a row that treats all alike: what is less than that may look like nothing.
DECADES = 4
# Plotly mixes colours evenly from stop to stop. With so many, none is off by a thousandth of the
# bar; a multiple of the themes' five steps, so that their own colours are among them.
STEPS = 40
NEAREST_TICKS = 0.11  # of the bar's length: closer numbers would run together on a low chart
EVEN_TICKS = 5


@dataclass(frozen=True)
class WeightScale:
    """The colours of weights; a signed value has a scale of its own."""

    curve: Curve = "linear"
    end: float | None = None  # the weight with the last colour; None: the largest that is shown
    name: str = ""  # of the curve, escaped, beside what the colours stand for; "" for nothing

    @property
    def is_clipped(self) -> bool:
        """Whether weights may lie beyond the end; they have its colour."""
        return self.end is not None and self.end < 1

    def ends(self, limit: float) -> tuple[str, str]:
        """Return what is written at the two ends of a scale up to the limit."""
        low = f"≤ {limit / 10**DECADES:.2g}" if self.curve == "log" else "0"
        return low, f"≥ {limit:.3g}" if self.is_clipped else f"{limit:.3g}"

    def titled(self, title: str) -> str:
        """Return a title that also names the curve."""
        return f"{title}, {self.name}" if self.name else title

    def ticks(self, limit: float) -> list[tuple[float, str]]:
        """Return places along the colours, from 0 to 1, and the weights to write there."""
        first, last = self.ends(limit)
        chosen = [(1.0, last)]
        for weight in _candidates(self.curve, limit):
            at = place(weight, limit, self.curve)
            if NEAREST_TICKS <= at <= chosen[-1][0] - NEAREST_TICKS:
                chosen.append((at, f"{weight:.3g}"))
        return [(0.0, first), *reversed(chosen)]


LINEAR = WeightScale()


def place(weight: float, limit: float, curve: Curve) -> float:
    """Return where along the colours a weight is, from 0 to 1, on a scale up to the limit."""
    share = min(1.0, max(0.0, weight / limit))
    if curve == "log":
        return max(0.0, 1 + float(np.log10(share)) / DECADES) if share else 0.0
    return share**0.5 if curve == "sqrt" else share


def color_stops(colors: ColorScale, curve: Curve) -> list[list[float | str]]:
    """Return stops over the weights' range, as Plotly wants them, that make colours follow a curve.

    Args:
        colors: evenly spaced along the colour bar.
        curve: where along the bar a weight is: see `place`.
    """
    if curve == "linear":
        return color_scale(colors)
    return [list(stop) for stop in _curved_stops(colors, curve)]


@lru_cache(maxsize=8)
def _curved_stops(colors: ColorScale, curve: Curve) -> tuple[tuple[float | str, ...], ...]:
    places = np.linspace(0, 1, STEPS + 1)
    shares = 10 ** (DECADES * (places - 1)) if curve == "log" else places**2
    channels = np.array([[int(color[i : i + 2], 16) for color in colors] for i in (1, 3, 5)])
    even = np.linspace(0, 1, len(colors))
    mixed = np.stack([np.interp(places, even, channel) for channel in channels], axis=1)
    stops = [
        (float(share), "#" + "".join(f"{round(value):02x}" for value in color))
        for share, color in zip(shares, mixed, strict=True)
    ]
    # Plotly wants a stop at 0; from there to the lower end of a log scale the colour is one.
    return ((0.0, colors[0]), *stops) if curve == "log" else tuple(stops)


def _candidates(curve: Curve, limit: float) -> list[float]:
    """Return what may be written between the ends of a scale, the largest first."""
    if curve == "linear":
        return [limit * i / EVEN_TICKS for i in range(EVEN_TICKS - 1, 0, -1)]
    top = int(np.floor(np.log10(limit)))
    digits = (1,) if curve == "log" else (5, 2, 1)
    return [digit * 10.0**power for power in range(top, top - DECADES - 1, -1) for digit in digits]
