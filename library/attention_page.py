"""What `show` returns: a page, for notebooks, for a file, and figure by figure."""

from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, Literal

import plotly.graph_objects as go

from .viz.equation import draw_equation
from .viz.overview import draw_overview
from .viz.page import Attention, Content, build_page
from .viz.page.figures import Sides, equation_terms, stage_tiles, stages_of, thumbnails
from .viz.theme import theme_of
from .viz.tiles import draw_tiles

HEIGHT = 820  # pixels of the frame in a notebook
View = Literal["heads", "head", "layers"]


class AttentionPage:
    """Attention as a page that needs nothing else: notebooks show it in a frame of its own.

    Jupyter, JupyterLab, VS Code, Colab and marimo show the object that ends a cell. The frame may
    run the page's own scripts and save files, and reaches nothing of the notebook.
    """

    def __init__(self, content: Content, *, height: int = HEIGHT) -> None:
        self._content = content
        self._height = int(height)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what is said of the numbers, a sentence or two each: rows that don't sum to 1."""
        return tuple(self._content.notes)

    def html(self) -> str:
        """Return the page as one HTML file, in ASCII."""
        return self._page

    @cached_property
    def _page(self) -> str:
        return build_page(self._content)

    def save(self, path: str | Path) -> Path:
        """Write the page into a file, which opens anywhere and loads nothing; return its path.

        Raises:
            OSError: if it can't be written.
        """
        path = Path(path)
        path.write_text(self._page, encoding="ascii")
        return path

    def figure(
        self,
        view: View = "heads",
        *,
        stage: str = "weights",
        layer: int = 0,
        head: int = 0,
        kind: int = 0,
        dark: bool = False,
    ) -> go.Figure:
        """Return one of the page's pictures as a Plotly figure.

        Args:
            view: "heads" of a layer, one "head" as an equation, or all "layers".
            stage: of "heads": "qkv", "energy", "scores", "weights", "head_outputs" or "output",
                where they are known.
            layer: which of those that are shown, counted from 0.
            head: which of them, of "head".
            kind: which kind of attention, in the order in which they were given.
            dark: draw it for a dark page.

        Raises:
            ValueError: if there is no such picture.
        """
        content = self._content
        attention = content.attentions[_checked("kind", kind, len(content.attentions))]
        shown = attention.layers[_checked("layer", layer, len(attention.layers))]
        sides, theme = Sides(attention, content.words), theme_of("dark" if dark else "light")
        if view == "heads":
            if stage not in stages_of(shown):
                raise ValueError(f"stage must be one of {stages_of(shown)}, got {stage!r}")
            return draw_tiles(stage_tiles(shown, stage, sides, content.words, content.scale), theme)
        if view == "head":
            head = _checked("head", head, shown.heads)
            terms = equation_terms(shown, head, sides, content.words, content.scale)
            return draw_equation(terms, theme)
        if view == "layers":
            overview = thumbnails(attention, sides, content.words, content.scale)
            if overview is None:
                raise ValueError(
                    'view "layers" needs two heads at least, and layers with equally many'
                )
            return draw_overview(overview, theme)
        raise ValueError(f"view must be 'heads', 'head' or 'layers', got {view!r}")

    def __repr__(self) -> str:
        parts = [_described(attention) for attention in self._content.attentions]
        return f"<AttentionPage: {'; '.join(parts)}>"

    def _repr_html_(self) -> str:
        # The page can't leave the attribute, and its scripts can't leave the frame.
        return (
            f'<iframe srcdoc="{escape(self._page)}" title="{escape(self._content.title)}" '
            'sandbox="allow-scripts allow-downloads" loading="eager" '
            f'style="width:100%;height:{self._height}px;border:0;resize:vertical"></iframe>'
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """Return what Jupyter shows, and what it shows where there is no HTML."""
        return {"text/html": self._repr_html_(), "text/plain": repr(self)}

    def _mime_(self) -> tuple[str, str]:
        """Return what marimo shows."""
        return "text/html", self._repr_html_()


def _checked(what: str, number: int, count: int) -> int:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{what} must be a whole number, got {type(number).__name__}")
    if not 0 <= number < count:
        raise ValueError(f"{what} must be one of {count}, counted from 0; got {number}")
    return number


def _described(attention: Attention) -> str:
    heads = sorted({layer.heads for layer in attention.layers})
    some = f"{heads[0]}" if len(heads) == 1 else f"{heads[0]} to {heads[-1]}"
    lengths = f"{len(attention.queries)} queries × {len(attention.keys)} keys"
    of = f"{attention.kind}, " if attention.kind else ""
    return f"{of}{len(attention.layers)} layers of {some} heads, {lengths}"
