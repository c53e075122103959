"""What can be taken along of a comparison: a page with both sides, and the code."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from ui.choices.options import BETWEEN_TOKENS
from ui.controls.popover import draw_popover
from ui.frame.code import draw_code_button, show_code
from ui.frame.downloads import POPOVER
from ui.frame.page_download import draw_page_download
from ui.pages.compare.code import code_of_sides
from ui.pages.compare.tiles import difference_tiles, divergence_tiles
from ui.runs.comparison import Comparison
from ui.runs.page_file import one_layer, pictures_page
from ui.text.i18n import _
from viz.page import Picture
from viz.tiles import Tiles, draw_tiles, stacked
from viz.tiles_grid import HEIGHT, WIDTH

NARROW = 250  # design pixels of a picture on a phone


@dataclass
class ShownComparison:
    """What the page shows at this moment, for whoever has no access to its session's state."""

    both: Comparison | None = None  # None while a side has nothing to show
    about: str = ""  # what the sides are, in Markdown
    said: Sequence[str] = ()  # what lies between them, in Markdown
    link: str = ""

    def page(self) -> str:
        """Return the comparison as one HTML file."""
        both = self.both
        sides = [] if both is None else [one_layer(both.a, "A"), one_layer(both.b, "B")]
        pictures = [] if both is None else _pictures(both)
        return pictures_page(
            _("Compare"),
            pictures,
            link=self.link,
            about=self.about,
            notices=self.said,
            sides=sides,
        )


def draw_downloads(shown: ShownComparison) -> None:
    """Draw the downloads, made when they are asked for, from what is shown then."""
    draw_popover(
        _("Download"), partial(_draw_files, shown), key=POPOVER, icon=":material/download:"
    )
    show_code(code_of_sides)


def _draw_files(shown: ShownComparison) -> None:
    draw_page_download(shown.page, "comparison")
    draw_code_button(POPOVER)


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
        if stage in named  # what weights carry follows from what is in the file
    ]
    return [*pictures, _picture(_("Divergence"), divergence_tiles(both, **size))]


def _picture(name: str, tiles: Tiles) -> Picture:
    small = stacked(tiles, width=NARROW, highest=NARROW)
    return Picture(name, partial(draw_tiles, tiles), narrow=partial(draw_tiles, small))
