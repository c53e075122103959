"""The stripes cover the masked cells, all of them and no other."""

import re
import xml.etree.ElementTree as ElementTree
from urllib.parse import unquote

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.hatch import ONE, Lattice, hatched_image
from viz.theme import DARK, LIGHT, Theme

START = "data:image/svg+xml,"
SVG = "{http://www.w3.org/2000/svg}"


def svg_of(
    masked: np.ndarray,
    width: float = 10,
    height: float = 10,
    theme: Theme = LIGHT,
    lattice: Lattice = ONE,
) -> ElementTree.Element:
    """The image as parsed XML: it raises where the image is not well-formed."""
    uri = hatched_image(masked, width, height, theme, lattice)
    assert uri is not None
    assert uri.startswith(START)
    return ElementTree.fromstring(unquote(uri.removeprefix(START)))


def covered(svg: ElementTree.Element, shape: tuple[int, int]) -> np.ndarray:
    """How often each cell lies in the path: a sum of boxes, each one row high."""
    path = svg.find(f".//{SVG}clipPath/{SVG}path")
    assert path is not None
    outline = path.attrib["d"]
    boxes = re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", outline)
    written = "".join(f"M{x} {y}h{right}v1h-{left}z" for x, y, right, left in boxes)
    assert written == outline  # nothing else is in the path
    cells = np.zeros(shape, dtype=int)
    for x, y, right, left in boxes:
        assert right == left  # each box comes back to where it began
        cells[int(y), int(x) : int(x) + int(right)] += 1
    return cells


def test_there_is_no_image_where_nothing_is_masked() -> None:
    assert hatched_image(np.zeros((3, 4), dtype=bool), 10, 10, LIGHT) is None


def test_a_causal_masks_image_covers_the_future() -> None:
    future = np.triu(np.ones((4, 4), dtype=bool), 1)
    svg = svg_of(future)
    assert covered(svg, (4, 4)).tolist() == [[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]]


@given(data=st.data(), rows=st.integers(1, 7), columns=st.integers(1, 7))
def test_exactly_the_masked_cells_are_covered_once(
    data: st.DataObject, rows: int, columns: int
) -> None:
    cells = data.draw(
        st.lists(st.booleans(), min_size=rows * columns, max_size=rows * columns).filter(any)
    )
    masked = np.array(cells).reshape(rows, columns)
    np.testing.assert_array_equal(covered(svg_of(masked), (rows, columns)), masked)


def test_the_order_in_memory_does_not_matter() -> None:
    masked = np.array([[True, False, False], [True, True, False]])
    for view in (masked.T, masked[:, ::-1], masked[:, :2], np.broadcast_to(masked[0], (2, 3))):
        np.testing.assert_array_equal(covered(svg_of(view), view.shape), view)


def test_masks_of_the_same_bytes_and_another_shape_are_other_images() -> None:
    cells = np.array([True, False, False, True])
    for shape in ((1, 4), (2, 2), (4, 1)):
        masked = cells.reshape(shape)
        np.testing.assert_array_equal(covered(svg_of(masked), shape), masked)


@pytest.mark.parametrize(("width", "height"), [(10, 10), (62, 101), (1, 40), (2.5, 7.5)])
def test_the_image_has_the_shape_of_its_tile_so_that_stripes_keep_their_angle(
    width: float, height: float
) -> None:
    svg = svg_of(np.eye(3, 5, dtype=bool), width, height)
    across, down = 5 * width, 3 * height
    assert svg.attrib["viewBox"] == f"0 0 {across:g} {down:g}"
    assert (svg.attrib["width"], svg.attrib["height"]) == (f"{across:g}", f"{down:g}")
    assert svg.attrib["preserveAspectRatio"] == "none"  # it is stretched over the tile
    path = svg.find(f".//{SVG}path")
    assert path is not None
    assert path.attrib["transform"] == f"scale({width:g} {height:g})"  # cells, but not stripes


def test_the_stripes_are_what_fills_the_clipped_rectangle() -> None:
    svg = svg_of(np.ones((2, 3), dtype=bool))
    pattern, clip = svg.find(f"{SVG}pattern"), svg.find(f"{SVG}clipPath")
    drawn = svg.find(f"{SVG}rect")
    assert pattern is not None
    assert clip is not None
    assert drawn is not None
    assert drawn.attrib == {
        "width": "30",
        "height": "20",
        "fill": f"url(#{pattern.attrib['id']})",
        "clip-path": f"url(#{clip.attrib['id']})",
    }


def test_equal_heatmaps_share_an_image_that_repeats_the_mask() -> None:
    # Cells of 10 × 20, so 20 × 60 a heatmap; gaps of 4 and 5; three across and two down.
    masked = np.array([[False, True], [False, False], [True, True]])
    svg = svg_of(masked, 10, 20, lattice=Lattice(3, 2, gap_width=4, gap_height=5))
    assert svg.attrib["viewBox"] == "0 0 68 125"  # 3 · 20 + 2 · 4 by 2 · 60 + 5
    np.testing.assert_array_equal(covered(svg, (3, 2)), masked)  # once, however many heatmaps
    row, *rows = [element for element in svg if element.tag in (f"{SVG}g", f"{SVG}use")]
    first, *copies = row
    assert (first.attrib["width"], first.attrib["height"]) == ("20", "60")
    assert first.attrib["clip-path"] == "url(#c)"
    assert [copy.attrib for copy in copies] == [
        {"href": f"#{first.attrib['id']}", "x": "24"},
        {"href": f"#{first.attrib['id']}", "x": "48"},
    ]
    assert [copy.attrib for copy in rows] == [{"href": f"#{row.attrib['id']}", "y": "65"}]


def test_an_image_is_kept_for_its_own_lattice_only() -> None:
    masked = np.eye(2, dtype=bool)
    assert svg_of(masked, lattice=Lattice(2, 1)).attrib["width"] == "40"
    assert svg_of(masked, lattice=Lattice(1, 2)).attrib["width"] == "20"
    assert svg_of(masked).find(f".//{SVG}use") is None


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_colours_are_the_themes(theme: Theme) -> None:
    svg = svg_of(np.ones((2, 2), dtype=bool), theme=theme)
    fills = [rect.attrib["fill"] for rect in svg.findall(f"{SVG}pattern/{SVG}rect")]
    assert fills == [theme.masked, theme.hatch]


def test_nothing_in_the_address_needs_quoting() -> None:
    """A # would end the image there: what follows it is no part of an address."""
    uri = hatched_image(np.ones((2, 2), dtype=bool), 10, 10, LIGHT)
    assert uri is not None
    assert not set('#<>"&\n') & set(uri)
    assert re.fullmatch(r"(?:[^%]|%[0-9A-F]{2})*", uri)
