"""Decision: what an encoder with a head answers: the word behind a mask, or a class."""

import streamlit as st

from ui.controls.selection import Selection
from ui.pages.pretrained.answer_bars import answer_of, describe_change, show_bars
from ui.runs.pretrained import PretrainedRun
from ui.text.descriptions import Description
from ui.text.i18n import N_, _
from ui.text.markdown import verbatim
from ui.views.view import View
from viz.theme import Theme


def show_decision(run: PretrainedRun, selection: Selection, theme: Theme) -> None:
    """Draw what the model answers about the sentence that is shown."""
    if answer_of(run, selection.sentence) is None:
        st.info(describe_no_answer(run))
        return
    masks = run.computed.output.mask_logits  # of each sentence; none of a classifier
    if masks and len(masks[selection.sentence]) > 1:
        st.caption(_("Of several masks, this is the first; the model fills all at once."))
    whole = run.unchanged()
    if whole is not None:
        st.markdown(describe_change(run, whole, selection.sentence))
    show_bars(run, whole, selection.sentence, theme)


def describe_no_answer(run: PretrainedRun) -> str:
    """Return why a model answers nothing."""
    if run.model.mask_token is not None:
        mask = run.model.tokenizer.shown(run.model.mask_token)
        said = _("This model fills gaps: type {mask} in place of a word.")
        return said.format(mask=verbatim(mask))
    return _(
        "This model brings no head that answers: what it makes of a sentence is a vector, the mean "
        "of its tokens' last vectors."
    )


DESCRIPTION = Description(
    N_("Decision: what the model fills in for a mask, or which class it decides on."),
    "softmax(logits)",
    ("token", "softmax", "logit", "head", "layer", "output", "nats"),
)
DECISION = View("decision", show_decision, lambda: DESCRIPTION, group="answer")
