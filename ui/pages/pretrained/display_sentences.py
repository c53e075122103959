"""What is said of the way in which sub-words are shown: merged, hidden, read together."""

from collections.abc import Sequence

from model.subwords import Subwords
from ui.runs.subword_display import SubwordDisplay
from ui.text.i18n import _
from ui.text.markdown import plain


def describe_display(display: SubwordDisplay, subwords: Sequence[Subwords]) -> list[str]:
    """Return what has to be known of the way in which attention is shown."""
    said = []
    if display.merge_words:
        has_parts = any(len(set(each.words)) < len(each) for each in subwords)
        said.append(
            _(
                "Sub-words are merged to words: weights to a word are summed, from a word averaged "
                "(Clark et al., 2019)."
            )
            if has_parts
            else _("Every word of this text is one token: there is nothing to merge.")
        )
    special = ", ".join(_special(subwords)) if not display.show_special else ""
    first = ", ".join(_first(display, subwords)) if not display.show_first else ""
    if first:
        said += _describe_first(first, special, display)
    elif special:
        text = (
            _("{tokens} are hidden, and each row is brought to a sum of 1 again.")
            if display.renormalise
            else _("{tokens} are hidden: rows show what is left, and don't sum to 1.")
        )
        said.append(text.format(tokens=special))
    return said


def describe_pair(subwords: Subwords) -> list[str]:
    """Return where each of two sentences that are read together is; nothing if one is empty."""
    places = [[i for i, n in enumerate(subwords.sentences) if n == number] for number in (0, 1)]
    if not all(places):
        return []
    (first, *_rest), (second, *_more) = places
    return [
        _(
            "Both sentences are read in one pass: positions {first} to {first_end} are the first, "
            "{second} to {second_end} the second."
        ).format(first=first, first_end=places[0][-1], second=second, second_end=places[1][-1])
    ]


def _describe_first(first: str, special: str, display: SubwordDisplay) -> list[str]:
    """Return what is hidden where the first token is, and what that does to the rows."""
    if special and display.merge_words:
        hidden = _("{tokens} are hidden, and so is the first word ({first}).")
    elif special:
        hidden = _("{tokens} are hidden, and so is the first token ({first}).")
    elif display.merge_words:
        hidden = _("The first word ({first}) is hidden.")
    else:
        hidden = _("The first token ({first}) is hidden.")
    rows = (
        _("Each row is brought to a sum of 1 again.")
        if display.renormalise
        else _("Rows show what is left, and don't sum to 1.")
    )
    return [hidden.format(tokens=special, first=first), rows]


def _special(every: Sequence[Subwords]) -> list[str]:
    """Return the special tokens that there are."""
    pairs = (pair for each in every for pair in zip(each.shown, each.special, strict=True))
    return sorted({plain(shown) for shown, special in pairs if special})


def _first(display: SubwordDisplay, every: Sequence[Subwords]) -> list[str]:
    """Return what is read first in each text, without what is hidden as a special token anyway."""
    shown = [
        each.word_texts[each.words[0]] if display.merge_words else each.shown[0]
        for each in every
        if len(each) and (display.show_special or not each.special[0])
    ]
    return [plain(name) for name in dict.fromkeys(shown)]
