"""A run as one HTML file that opens without the app: its pictures, to look at them anywhere."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from model.transformer import AttentionKind as Kind
from model.version import VERSION
from ui.choices.options import CARRIED
from ui.runs.run import Attention, Run
from ui.text.i18n import _
from ui.text.page_words import page_words
from ui.text.stage_names import kind_name
from viz.labels import shorten
from viz.page import Attention as PageAttention
from viz.page import Content, Layer, Picture, build_page
from viz.weight_scale import LINEAR, WeightScale

FIELDS = ("weights", "energy", "scores", "queries", "keys", "values", "head_outputs", "output")
LONGEST_TITLE = 80  # characters of a sentence in a title ...
LONGEST_NAME = 32  # ... and in a list of several


@dataclass(frozen=True)
class Seen:
    """What a session sees of a run at this moment: what its page begins with, and its address."""

    page: str = ""  # its title, in the reader's language
    link: str = ""
    view: str = "heads"
    stage: str = "weights"
    head: int = 0
    query: int | None = None
    scale: WeightScale = LINEAR


def run_page(
    run: Run,
    seen: Seen,
    *,
    about: str,
    notices: Sequence[str] = (),
    shown: tuple[Kind, int, int] = ("encoder_self", 0, 0),
    pictures: Sequence[Picture] = (),
) -> str:
    """Return a run as one HTML file.

    Args:
        run: all of its sentences, layers and kinds of attention are in it.
        seen: what it begins with.
        about: what its weights are, in Markdown.
        notices: what else has to be known of it, in Markdown.
        shown: the kind, the layer and the sentence that it begins with.
        pictures: others that belong to it.
    """
    kind, layer, sentence = shown
    every = [(k, s) for k in run.kinds for s in range(len(run.source.lengths))]
    notes = [without_markdown(each) for each in notices]
    if run.is_empty:
        notes.append(_("There are no words here, and so there is nothing to show."))
    attentions = [] if run.is_empty else [page_attention(run, k, s) for k, s in every]
    return build_page(
        Content(
            title=f"{seen.page}: {_title(run)}" if seen.page else _title(run),
            about=_capital(without_markdown(about)),
            attentions=attentions,
            shown=every.index((kind, sentence)) if attentions else 0,
            pictures=pictures,
            notes=notes,
            link=_address(seen.link),
            version=VERSION,
            difference=_difference(run),
            view=seen.view,
            # What weights carry isn't in the file, nor the matrices that it follows from.
            stage="weights" if seen.stage in CARRIED else seen.stage,
            layer=layer,
            head=seen.head,
            query=seen.query,
            scale=seen.scale,
            words=page_words(),
        )
    )


def pictures_page(
    title: str,
    pictures: Sequence[Picture],
    *,
    link: str,
    about: str = "",
    notices: Sequence[str] = (),
    sides: Sequence[PageAttention] = (),
) -> str:
    """Return figures as one HTML file, with the attentions of several runs; see run_page."""
    return build_page(
        Content(
            title=title,
            about=without_markdown(about),
            attentions=sides,
            pictures=pictures,
            notes=[without_markdown(each) for each in notices],
            link=_address(link),
            version=VERSION,
            words=page_words(),
        )
    )


def one_layer(attention: Attention, name: str) -> PageAttention:
    """Return one attention alone, as a page holds it, with a name of its own."""
    return _as_page([attention], kind=name)


def page_attention(run: Run, kind: Kind, sentence: int) -> PageAttention:
    """Return one kind of attention to one sentence, as a page holds it."""
    attentions = [run.attention(layer, sentence, kind) for layer in range(run.layers_of(kind))]
    several = len(run.source.lengths) > 1
    return _as_page(
        attentions,
        kind=_capital(kind_name(kind)) if len(run.kinds) > 1 else "",
        sentence=_sentence_name(run, sentence) if several else "",
    )


def _as_page(
    attentions: Sequence[Attention], *, kind: str = "", sentence: str = ""
) -> PageAttention:
    """Layers of one attention to one sentence."""
    shown = attentions[0].at("weights")
    whole = shown.whole
    displayed: dict[str, Any] = {}
    if shown is not whole:
        displayed = {
            "shown_queries": shown.queries,
            "shown_keys": shown.keys,
            "shown_query_labels": shown.query_labels,
            "shown_key_labels": shown.key_labels,
        }
    return PageAttention(
        layers=[_layer(each) for each in attentions],
        queries=whole.queries,
        keys=whole.keys,
        kind=kind,
        sentence=sentence,
        query_labels=whole.query_labels,
        key_labels=whole.key_labels,
        **displayed,
    )


def _layer(attention: Attention) -> Layer:
    shown, whole = attention.at("weights"), attention.whole
    arrays: dict[str, Any] = {name: whole.field(name) for name in FIELDS if whole.run.knows(name)}
    if shown is not whole:
        arrays |= {"shown_weights": shown.field("weights"), "shown_allowed": shown.allowed}
    return Layer(**arrays, allowed=whole.allowed, divisor=float(whole.facts.divisor))


def _difference(run: Run) -> str:
    """What the badge says; nothing where nothing was compared."""
    return "" if run.is_empty or run.parity is None else f"{run.parity.largest:.1e}"


def _address(link: str) -> str:
    """A link for others; nothing where the session has no address, as in a script."""
    return link if link.startswith(("http://", "https://")) else ""


def _title(run: Run) -> str:
    return shorten(_words_of(run, 0), LONGEST_TITLE) if run.source.lengths else ""


def _sentence_name(run: Run, sentence: int) -> str:
    return f"{sentence + 1}: {shorten(_words_of(run, sentence), LONGEST_NAME)}".rstrip(": ")


def _words_of(run: Run, sentence: int) -> str:
    """A sentence as its tokens, and the one that belongs to it where there are two."""
    sides = [run.source] if run.target is None else [run.source, run.target]
    texts = (" ".join(side.tokens[sentence][: side.lengths[sentence]]) for side in sides)
    return " → ".join(texts)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def without_markdown(text: str) -> str:
    """Return a line of Markdown, as the app writes them, as the text that is read."""
    text = re.sub(r"\s+:[a-z]+-badge\[([^\]]*)\]", r", \1", text)  # which stands apart there
    text = re.sub(r":[a-z-]+\[([^\]]*)\]", r"\1", text)  # a colour or a badge
    text = re.sub(r":material/\w+:\s*", "", text)
    text = re.sub(r"\[([^\]]*)\]\((?:<[^>]*>|[^)]*)\)", r"\1", text)
    text = re.sub(r"(`+) (.*?) \1", r"\2", text)
    text = re.sub(r"(?<!\\)\*\*", "", text)
    return re.sub(r"\\([\\`*_<>$~|#&@:\[\]().+-])", r"\1", text)
