"""What a run of a model says of itself: limits, the strip of words, how its tokens are shown."""

from dataclasses import replace

import streamlit as st

from ui.controls.selection import attention_in
from ui.frame.follow import Followed
from ui.frame.messages import show_limits
from ui.link.memory import value_of
from ui.pages.pretrained.display_sentences import describe_display, describe_pair
from ui.pages.pretrained.loading import VIEWS
from ui.pages.pretrained.next_token_view import NEXT
from ui.pages.pretrained.source import PRETRAINED
from ui.pages.pretrained.tokens import has_strip
from ui.runs.pretrained import PretrainedRun
from ui.text.i18n import _
from ui.views.cell import CELL
from ui.views.head import HEAD
from ui.views.strip import show_strip
from ui.views.view import named

TOKEN_BY_TOKEN = (HEAD, CELL)


def show_notices_of_run(followed: Followed) -> None:
    run, selection = followed
    if run.is_empty:
        st.info(_("Type a sentence above, or pick an example, to see its attention."))
        return
    show_limits(PRETRAINED, run)
    view = named(VIEWS, value_of("view"))
    if not view.has_strip:
        return
    if view is NEXT and selection.query is None:
        # The last token is the one that the next is predicted from.
        last = len(attention_in(run, selection).whole.queries) - 1
        selection = replace(selection, query=last)
    if has_strip(view):
        show_strip(run, selection)
    assert isinstance(run, PretrainedRun)  # this page has no others
    display, subwords = run.settings.display, run.sentences.subwords
    if view in TOKEN_BY_TOKEN and not display.is_whole:
        st.caption(_("Below, all tokens are shown, one by one, with the module's own numbers."))
    said = describe_display(
        display, [each for side in run.computed.sides for each in side.subwords]
    )
    if run.settings.together:
        said = [*describe_pair(subwords[0]), *said]
    if said:
        st.caption(" ".join(said))
