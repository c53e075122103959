"""What is said of the page's charts when they are saved as pictures: in the browser, all of it.

A run gathers it where it is on the page anyway, and its end takes it to the browser together with
the address: nothing more is sent for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ui.choices.options import Stage
from ui.components.picture import PictureData, picture_saver
from ui.frame.page import page_shown
from ui.link.code import here_for_others
from ui.link.links import link_for_class
from ui.link.memory import own_memory, parameters, session, value_of
from ui.server.assets import script_path
from ui.text.descriptions import Description
from ui.text.i18n import N_, _
from ui.text.markdown import without_markup
from ui.views.descriptions import STAGES
from ui.views.view import View, named

NAMES = {  # of those charts of which a page has several
    "compare_a": N_("A"),
    "compare_b": N_("B"),
    "compare_difference": N_("B − A"),
    "encoder_self_chart": N_("encoder self-attention"),
    "decoder_self_chart": N_("decoder self-attention"),
    "cross_chart": N_("cross-attention"),
    "leak_layers_chart": N_("layer by layer"),
    "leak_words_chart": N_("word by word"),
    "typed_chart": N_("Outputs, as typed"),
    "shuffled_chart": N_("Outputs, shuffled"),
    "next_chart": N_("the likeliest next tokens"),
    "difference_chart": N_("what differs without the head"),
    "parts_chart": N_("What each part costs"),
}
WHICH = {  # what a view is about, by its parameter
    "head": N_("head {number}"),
    "q": N_("query {number}"),
    "k": N_("key {number}"),
}
OF_ALL_LAYERS = ("layers", "tests")  # views


@dataclass
class Caption:
    """What is said of the charts that a session's page shows."""

    title: str = ""  # what they are, in plain text
    said: tuple[str, ...] = ()  # what their weights are, in plain text


def forget_caption() -> None:
    """Let nothing be said of charts before what there is has been drawn."""
    session().own[Caption] = Caption()


def tell_title(description: Description) -> None:
    """Tell what the charts are."""
    own_memory(Caption).title = _title_of(description)


def tell_weights(*lines: str) -> None:
    """Tell what the weights of the charts are, in Markdown: random, trained here, or by others."""
    own_memory(Caption).said = tuple(map(without_markup, lines))


def caption_shown() -> dict[str, Any]:
    """Return what is said of the page's charts, as the browser keeps it until one is saved."""
    caption = own_memory(Caption)
    page, view = page_shown(), _view_shown()
    stage, title = _stage_shown(), caption.title
    if stage is not None:  # of which a page may show several charts, each with a name
        title = _title_of(STAGES[stage])
    elif not title and view is not None:
        title = _title_of(view.describe())
    return {
        "title": " · ".join(filter(None, (title, _which(view)))),
        "said": [f"Headlight: {line}" for line in caption.said],
        "link": link_for_class(),  # nobody's room or notes are in it
        "file": "_".join(filter(None, (stage or _subject(), page.name, _stem()))),
    }


def draw_pictures() -> None:
    """Mount what saves charts, at the end of a page."""
    names = {key: _(NAMES[key]) for key in NAMES}
    picture_saver(PictureData(script_path(), here_for_others(), _words(), names))


def _view_shown() -> View | None:
    page = page_shown()
    names = [view.name for view in page.views]
    return named(page.views, value_of("view")) if names and value_of("view") in names else None


def _which(view: View | None) -> str:
    """Return which layer, head, query and key a view is about."""
    told = []
    is_of_one = view is None or view.name not in OF_ALL_LAYERS
    if is_of_one and {"layers", "layer"} <= parameters().keys() and value_of("layers") > 1:
        told.append(_("layer {number}").format(number=value_of("layer")))
    for key in view.inputs if view is not None else ():
        if value_of(key) is not None:
            told.append(_(WHICH[key]).format(number=value_of(key)))
    return ", ".join(told)


def _title_of(description: Description) -> str:
    """Return what a description says, as a title: its colours are the page's."""
    said, formula = without_markup(_(description.sentence)), without_markup(description.formula)
    return f"{said.rstrip('.。')} · {formula}" if formula else said


def _stage_shown() -> Stage | None:
    """Return the stage that the view is a picture of; None where it is one of other things."""
    if not {"view", "stage"} <= parameters().keys():
        return None
    view, is_comparison = value_of("view"), page_shown().source is None
    shows_it = view in ("heads", "kinds") or (view == "head" and is_comparison)
    stage: Stage | None = value_of("stage") if shows_it else None
    return stage


def _subject() -> str:
    """Return what the charts show, as an identifier: what the view's switch says, or the view."""
    view = _view_shown()
    if view is not None and view.switch is not None:
        return str(value_of(view.switch)).replace("_", "-")
    return str(value_of("view")) if "view" in parameters() else "weights"


def _stem() -> str:
    """Return what tells a run's files apart, with a hyphen within each part."""
    make_source = page_shown().source
    if make_source is None:
        return ""
    whole, of_one = make_source().file_stems()
    stem = whole if value_of("view") in OF_ALL_LAYERS else of_one
    if value_of("view") == "kinds":  # all of them, and each chart's name says which
        stem = stem.removeprefix(f"{value_of('kind')}_")
    return stem.replace("_", "-")


def _words() -> Mapping[str, str]:
    return {
        "save": _("Save the picture"),
        "how": _("How pictures are saved"),
        "format": _("Format"),
        "png": _("PNG: pixels"),
        "svg": _("SVG: sharp at any size"),
        "width": _("Width"),
        "height": _("Height"),
        "automatic": _("as on the page"),
        "unit": _("Measured in"),
        "px": _("pixels"),
        "mm": _("mm, 300 dpi"),
        "scale": _("Pixels, times"),
        "colors": _("Colours"),
        "as_page": _("as on the page"),
        "light": _("light"),
        "dark": _("dark"),
        "transparent": _("Transparent ground"),
        "copy": _("Copy"),
        "close": _("Close"),
        "working": _("Drawing the picture …"),
        "saved": _("Saved as {name}"),
        "copied": _("Copied."),
        "not_saved": _("The picture could not be drawn."),
        "not_copied": _("The browser doesn't let pages copy this: save it as a file instead."),
        "too_large": _("This browser can't draw a picture of that size: choose another, or SVG."),
        "unreachable": _("What draws it could not be loaded: reload the page, and try again."),
    }
