"""What has to be said of weights that aren't what softmax gives. They are shown as they are."""

from collections.abc import Mapping, Sequence

import numpy as np

from .viz.page import Layer

ROUNDING = 5e-3  # of a row's sum: what half precision (bfloat16) leaves of many weights


def remarks_on(layers: Mapping[int, Layer], kind: str = "") -> list[str]:
    """Return a sentence for each thing that is remarkable about the weights of all layers.

    Args:
        layers: by their numbers.
        kind: which attention it is, where there are several.
    """
    of = f"{kind}: " if kind else ""
    found = [_Counts(number, layer) for number, layer in layers.items()]
    rows = sum(each.rows for each in found)
    said = []
    missing = sum(each.missing for each in found)
    if missing:
        where = next(each.first_missing for each in found if each.missing)
        said.append(
            f"{of}{missing} of {sum(each.weights for each in found)} weights are NaN or infinite, "
            f"the first at {where}. They have no colour."
        )
    negative = sum(each.negative for each in found)
    if negative:
        said.append(f"{of}{negative} weights are below 0. The colours begin at 0.")
    other = sum(each.other for each in found)
    if other:
        furthest = max(found, key=lambda each: abs(each.furthest - 1))
        said.append(
            f"{of}{other} of {rows} rows don't sum to 1. The furthest sums to "
            f"{furthest.furthest:.4g}, at {furthest.place}. They are shown as they are."
        )
    nothing = sum(each.nothing for each in found)
    if nothing:
        said.append(
            f"{of}{nothing} of {rows} rows are 0 throughout: these queries may attend to nothing."
        )
    return said


class _Counts:
    """What there is of each in one layer."""

    def __init__(self, number: int, layer: Layer) -> None:
        weights = layer.weights
        self.weights, self.rows = weights.size, weights[..., 0].size
        with np.errstate(invalid="ignore", over="ignore"):
            sums = weights.sum(axis=-1, dtype=np.float64)  # (H, Q)
        known = np.isfinite(sums)
        self.missing, self.first_missing = 0, ""
        if not known.all():  # or numbers so large that their sum isn't one
            at = np.argwhere(~np.isfinite(weights))
            self.missing = len(at)
            self.first_missing = _place(number, at[0]) if len(at) else ""
        self.negative = int((weights < 0).sum())
        empty = np.zeros(sums.shape, dtype=bool)
        if layer.scores is not None and layer.allowed is not None:
            empty = (sums == 0) & ~np.isfinite(layer.scores).any(axis=-1)
        self.nothing = int(empty.sum())
        off = known & ~empty & (np.abs(sums - 1) > ROUNDING)
        self.other = int(off.sum())
        self.furthest, self.place = 1.0, ""
        if self.other:
            worst = np.unravel_index(np.where(off, np.abs(sums - 1), -1).argmax(), sums.shape)
            self.furthest, self.place = float(sums[worst]), _place(number, worst)


def _place(layer: int, at: Sequence[np.intp] | np.ndarray) -> str:
    names = ("head", "query", "key")
    rest = ", ".join(f"{name} {int(index)}" for name, index in zip(names, at, strict=False))
    return f"layer {layer}, {rest}"
