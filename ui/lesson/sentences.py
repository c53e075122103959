"""The sentence that stands beside the truth: what was said, what it is, and what that means."""

from collections.abc import Callable
from typing import Any

from lessons.answers import agreement, is_right
from ui.lesson.facts import amount_text, describe_facts
from ui.lesson.seen import Inquiry
from ui.text.i18n import N_, _, ngettext
from ui.text.markdown import plain
from ui.text.numbers import percent


def describe_question(inquiry: Inquiry) -> str:
    """Return what is asked, about the words that are there, in Markdown."""
    seen, asked = inquiry.seen, inquiry.asked
    said = plain(inquiry.question.ask, 400)
    places = {
        "{query}": _word(seen.queries, asked.query),
        "{key}": _word(seen.keys, asked.key),
        "{head}": _("all heads") if asked.head is None else str(asked.head),
        "{layer}": str(inquiry.selection.layer),
    }
    for place, text in places.items():
        said = said.replace(place, text)
    return said


def describe_truth(inquiry: Inquiry, said: Any) -> str:
    """Return what it is, beside what somebody has said; None for nothing was said."""
    if not inquiry.truth.right and inquiry.answer.about == "prediction":
        return _("That can't be asked of this sentence, or of this model.")
    if not inquiry.truth.right:
        return _("In this sentence there is no such word.")
    return _DESCRIBE[inquiry.question.kind](inquiry, said)


def _word(words: tuple[str, ...], place: int) -> str:
    return plain(words[place]) if place < len(words) else _("none")


def _is_right(inquiry: Inquiry, said: Any) -> bool:
    return is_right(inquiry.answer, inquiry.truth, said)


def _describe_word(inquiry: Inquiry, said: int | None) -> str:
    seen, asked, truth = inquiry.seen, inquiry.asked, inquiry.truth
    names = {"query": _word(seen.queries, asked.query), "key": _word(seen.keys, truth.right[0])}
    if truth.share is None:
        fact = _("It is “{key}”.").format(**names)
    else:
        fact = _("“{query}” looks most at “{key}”: {share}.").format(
            share=percent(truth.share, 1), **names
        )
    if said is None:
        return fact
    mine = _word(seen.keys, said)
    if _is_right(inquiry, said):
        return _("You said “{said}”, and so it is. {fact}").format(said=mine, fact=fact)
    sentences = [_("You said “{said}”. {fact}").format(said=mine, fact=fact)]
    other = truth.right_for.get(said)
    if other is not None:
        sentences.append(
            _("“{said}” is what “{other}” looks at most.").format(
                said=mine, other=_word(seen.queries, other)
            )
        )
    elif inquiry.answer.asks_query:
        share = inquiry.share_of(asked.query, said)
        sentences.append(
            _("“{said}” gets {share} of it.").format(said=mine, share=percent(share, 1))
        )
    return " ".join(sentences)


def _describe_cell(inquiry: Inquiry, said: tuple[int, int] | None) -> str:
    if inquiry.answer.asks_heads:
        return _describe_head(inquiry, said)
    seen, truth = inquiry.seen, inquiry.truth
    query, key = truth.right[0]
    fact = _("The largest weight is “{query}” on “{key}”: {share}.").format(
        query=_word(seen.queries, query),
        key=_word(seen.keys, key),
        share=percent(truth.share or 0.0, 1),
    )
    if said is None:
        return fact
    if _is_right(inquiry, said):
        return _("So it is. {fact}").format(fact=fact)
    return _("You said “{query}” on “{key}”, which has {share}. {fact}").format(
        query=_word(seen.queries, said[0]),
        key=_word(seen.keys, said[1]),
        share=percent(inquiry.share_of(*said), 1),
        fact=fact,
    )


def _describe_head(inquiry: Inquiry, said: tuple[int, int] | None) -> str:
    truth = inquiry.truth
    layer, head = truth.right[0]
    fact = _(
        "Head {head} of layer {layer} gives the word before {share}, the most of all {count} heads."
    ).format(
        head=head,
        layer=layer,
        share=percent(truth.share or 0.0, 1),
        count=inquiry.sides[0] * inquiry.sides[1],
    )
    if said is None:
        return fact
    if _is_right(inquiry, said):
        return _("So it is. {fact}").format(fact=fact)
    return _("You said head {head} of layer {layer}, which gives it {share}. {fact}").format(
        head=said[1], layer=said[0], share=percent(inquiry.share_of(*said), 1), fact=fact
    )


NUMBERS: dict[str, str] = {  # what a number is, by its answer's name
    "share_of_word": N_("That is how much “{query}” looks at “{key}”."),
    "row_sum": N_("A row shares out its attention: it is a softmax, whose weights add up to 1."),
    "visible_words": N_("So many words “{query}” may look at."),
    "moved_vectors": N_("So many words' vectors can know of “{key}”."),
    "favourite_words": N_("So many different words have a head that looks at them most."),
}


def _describe_number(inquiry: Inquiry, said: float | None) -> str:
    right = inquiry.truth.right[0]
    it, meaning = amount_text(inquiry, right), _meaning(inquiry, said)
    if said is None:
        return _("It is {it}. {meaning}").format(it=it, meaning=meaning)
    mine = percent(said) if inquiry.answer.is_share else amount_text(inquiry, said)
    if _is_right(inquiry, said):
        near = _("You said {said}, and that is right: it is {it}. {meaning}")
        return near.format(said=mine, it=it, meaning=meaning)
    return _("You said {said}. It is {it}. {meaning}").format(said=mine, it=it, meaning=meaning)


def _meaning(inquiry: Inquiry, said: float | None) -> str:
    """What a number is."""
    if inquiry.answer.about != "attention":
        is_right = said is not None and _is_right(inquiry, said)
        return describe_facts(inquiry, said, is_right=is_right)
    seen, asked = inquiry.seen, inquiry.asked
    if inquiry.question.answer == "row_sum" and inquiry.truth.right[0] < ALMOST_ONE:
        return _("The rest rests on tokens that aren't shown.")
    return _(NUMBERS[inquiry.question.answer]).format(
        query=_word(seen.queries, asked.query), key=_word(seen.keys, asked.key)
    )


ALMOST_ONE = 0.995  # of a row: below it, what is missing would be seen


def _describe_choice(inquiry: Inquiry, said: str | None) -> str:
    choices = {name: plain(text, 80) for name, text in inquiry.question.choices.items()}
    right = choices[inquiry.truth.right[0]]
    if said is None:
        told = _("It is: {it}.").format(it=right)
    elif _is_right(inquiry, said):
        told = _("You said: {said}. So it is.").format(said=choices[said])
    else:
        told = _("You said: {said}. It is: {it}.").format(said=choices[said], it=right)
    if inquiry.answer.about != "attention":
        is_right = said is not None and _is_right(inquiry, said)
        return f"{told} {describe_facts(inquiry, said, is_right=is_right)}"
    if inquiry.truth.before_and_after is None:
        return told
    before, after = (percent(share) for share in inquiry.truth.before_and_after)
    numbers = _("{told} With the division it is {before}, without it {after}.")
    return numbers.format(told=told, before=before, after=after)


def _describe_painting(inquiry: Inquiry, said: Any) -> str:
    dark = inquiry.truth.right[0]
    count = int(dark.sum())
    if inquiry.question.answer == "visible_cells":
        fact = ngettext("{count} cell is open.", "{count} cells are open.", count)
    else:
        fact = ngettext(
            "{count} cell stands out: it has at least half of the largest weight in its row.",
            "{count} cells stand out: they have at least half of the largest weight in their row.",
            count,
        )
    fact = fact.format(count=count)
    if said is None:
        return fact
    share = agreement(said, dark)
    return _(
        "Of all cells in your picture or in the right one, {share} are in both. {fact}"
    ).format(share=percent(share), fact=fact)


_DESCRIBE: dict[str, Callable[[Inquiry, Any], str]] = {
    "word": _describe_word,
    "cell": _describe_cell,
    "number": _describe_number,
    "choice": _describe_choice,
    "paint": _describe_painting,
}
