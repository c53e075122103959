"""Colours that mean something keep their meaning in the light and in the dark."""

import re

import pytest

from viz.theme import DARK, LIGHT, Theme, color_scale, theme_of

both = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


def lightness(color: str) -> float:
    """Relative luminance, from 0 to 1 (WCAG 2.2)."""
    assert re.fullmatch("#[0-9a-f]{6}", color)
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


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
