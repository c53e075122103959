"""Colours that mean something keep their meaning in the light and in the dark."""

import re
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest

from viz.theme import DARK, LIGHT, Theme, color_scale, theme_of

both = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


# Linear RGB as eyes with two kinds of cones see it (Machado, Oliveira and Fernandes, 2009).
EYES = {
    "all three": np.eye(3),
    "no red cones": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "no green cones": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "no blue cones": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
PAGES = {LIGHT: "#ffffff", DARK: "#171614"}  # Streamlit's


def lightness(color: str) -> float:
    """Relative luminance, from 0 to 1 (WCAG 2.2)."""
    red, green, blue = linear(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(color: str) -> list[float]:
    """Red, green and blue, from 0 to 1, as amounts of light."""
    assert re.fullmatch("#[0-9a-f]{6}", color)
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]


def as_seen(color: str, eyes: np.ndarray) -> np.ndarray:
    """A colour in CIELAB, where distances are about as large as they look."""
    light = np.clip(eyes @ linear(color), 0, 1)
    x, y, z = np.cbrt(TO_XYZ @ light / (0.95047, 1, 1.08883))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_a_page_that_has_not_said_its_mode_is_light() -> None:
    assert theme_of("dark") is DARK
    assert theme_of("light") is LIGHT
    assert theme_of(None) is LIGHT


def test_stops_are_evenly_spaced_from_zero_to_one() -> None:
    assert color_scale(("#000000", "#777777", "#ffffff")) == [
        [0.0, "#000000"],
        [0.5, "#777777"],
        [1.0, "#ffffff"],
    ]


@both
def test_the_lightness_of_weights_runs_one_way(theme: Theme) -> None:
    """So that more looks like more without any sight of colour, and in a black and white print."""
    scale = [lightness(color) for color in theme.sequential]
    assert scale in (sorted(scale), sorted(scale, reverse=True))
    assert abs(scale[-1] - scale[0]) > 0.5


@both
def test_the_diverging_scale_has_its_middle_at_zero_and_two_ends_alike(theme: Theme) -> None:
    scale = [lightness(color) for color in theme.diverging]
    assert len(scale) % 2 == 1
    middle = len(scale) // 2
    below, above = scale[: middle + 1], scale[middle:]
    assert below[::-1] in (sorted(below), sorted(below, reverse=True))
    assert above in (sorted(above), sorted(above, reverse=True))
    zero = theme.diverging[middle]
    channels = [int(zero[i : i + 2], 16) for i in (1, 3, 5)]
    assert max(channels) - min(channels) < 10  # a grey, of no side


@both
def test_masked_cells_have_a_colour_that_no_value_has(theme: Theme) -> None:
    values = {*theme.sequential, *theme.diverging}
    assert not {theme.masked, theme.hatch} & values
    assert theme.masked != theme.hatch


@both
@pytest.mark.parametrize("eyes", EYES.values(), ids=EYES.keys())
def test_lines_can_be_told_apart_by_all_eyes(theme: Theme, eyes: np.ndarray) -> None:
    assert len(theme.lines) == 5
    colors = [as_seen(color, eyes) for color in theme.lines]
    # A difference of 2 is just noticeable; 15 is plain at a glance.
    assert min(float(np.linalg.norm(a - b)) for a, b in combinations(colors, 2)) > 15


@both
def test_lines_stand_out_from_the_page(theme: Theme) -> None:
    page = lightness(PAGES[theme])
    for color in theme.lines:
        low, high = sorted((page, lightness(color)))
        assert (high + 0.05) / (low + 0.05) >= 3  # WCAG 2.2, 1.4.11


def along(scale: Sequence[str]) -> list[str]:
    """A scale's colours, and those that are mixed between them."""
    stops = np.array([[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in scale])
    places = np.linspace(0, len(scale) - 1, 12 * len(scale))
    mixed = np.array([np.interp(places, range(len(scale)), channel) for channel in stops.T])
    return ["#{:02x}{:02x}{:02x}".format(*color) for color in mixed.T.round().astype(int)]


@both
@pytest.mark.parametrize("eyes", EYES.values(), ids=EYES.keys())
def test_queries_keys_and_values_can_be_told_apart_by_all_eyes(
    theme: Theme, eyes: np.ndarray
) -> None:
    concepts = [as_seen(color, eyes) for color in (theme.query, theme.key, theme.value)]
    assert min(float(np.linalg.norm(a - b)) for a, b in combinations(concepts, 2)) > 15
    shades = [as_seen(color, eyes) for color in along(theme.sequential) + along(theme.diverging)]
    nearest = min(float(np.linalg.norm(a - b)) for a in concepts for b in shades)
    assert nearest > 10  # no value looks like a query, a key or a value


@both
def test_queries_keys_and_values_can_be_read_on_the_page(theme: Theme) -> None:
    page = lightness(PAGES[theme])
    assert PAGES[theme] == theme.ground
    for color in (theme.query, theme.key, theme.value):
        low, high = sorted((page, lightness(color)))
        assert (high + 0.05) / (low + 0.05) >= 4.5  # WCAG 2.2, 1.4.3
