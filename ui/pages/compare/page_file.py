"""A comparison as a page: both sides with all stages, their difference, their divergences."""

from collections.abc import Sequence
from functools import partial

from ui.choices.options import BETWEEN_TOKENS
from ui.frame.page_download import draw_page_download, link_of_page
from ui.pages.compare.tiles import difference_tiles, divergence_tiles
from ui.runs.comparison import Comparison
from ui.runs.page_file import one_layer, sides_page
from ui.text.i18n import _
from viz.page import Picture
from viz.tiles import Tiles, draw_tiles, stacked
from viz.tiles_grid import HEIGHT, WIDTH

NARROW = 250  # design pixels of a picture on a phone


def draw_comparison_page(both: Comparison, about: str, said: Sequence[str]) -> None:
    """Draw the button that saves a comparison as a page.

    Args:
        both: what is compared.
        about: what its sides are, in Markdown.
        said: what lies between them, in Markdown.
    """
    make = partial(_page, both, about, tuple(said), link_of_page())
    draw_page_download(make, "comparison")


def _page(both: Comparison, about: str, said: Sequence[str], link: str) -> str:
    sides = [one_layer(both.a, "A"), one_layer(both.b, "B")]
    return sides_page(_("Compare"), sides, _pictures(both), link=link, about=about, notices=said)


def _pictures(both: Comparison) -> list[Picture]:
    """The difference at each stage, and the divergences, where cells have partners."""
    if not (both.has_one_shape and both.pairs):
        return []
    size = {"height": HEIGHT, "width": WIDTH}
    named = {
        "weights": _("B − A: weights"),
        "scores": _("B − A: scores"),
        "energy": _("B − A: energy"),
    }
    pictures = [
        _picture(named[stage], difference_tiles(both, stage, **size))
        for stage in reversed(BETWEEN_TOKENS)
    ]
    return [*pictures, _picture(_("Divergence"), divergence_tiles(both, **size))]


def _picture(name: str, tiles: Tiles) -> Picture:
    small = stacked(tiles, width=NARROW, highest=NARROW)
    return Picture(name, partial(draw_tiles, tiles), narrow=partial(draw_tiles, small))
