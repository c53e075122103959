"""A page for a class, or with a teacher's choice of controls: its picture, and what is said of it.

Both leave out the sidebar and the switches of a page at a desk.
"""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.controls.presenting import is_presented, tell_heads
from ui.controls.selection import Selection, attention_in, telling_query
from ui.frame.clicks import draw_click_listener
from ui.frame.failures import told_in_place
from ui.frame.follow import Followed, compute_chosen, settle_layout, show_view
from ui.frame.header import describe_run
from ui.frame.history import live
from ui.frame.messages import show_limits
from ui.frame.page import Page, source_shown
from ui.frame.pictures import tell_weights
from ui.lesson.controls import controls_of, draw_controls, draw_controls_of_run, draw_sentences
from ui.lesson.looks import describe_look
from ui.lesson.picture import heads_shown, show_picture
from ui.link.audience import controls_named
from ui.link.memory import choose, memory, settle, value_of
from ui.link.notices import notice, show_notices
from ui.text.i18n import _
from ui.text.markdown import verbatim
from ui.views.view import named


def draw_for_audience(page: Page) -> bool:
    """Draw a page for those that its link is for; whether that is all there is to draw."""
    names = _controls_left(page)
    if not (names or is_presented()):
        return False
    if page.source is None:
        with st.container(horizontal=True, key="lesson_controls", vertical_alignment="bottom"):
            draw_controls(page, names)
        page.present()
    else:
        _draw(page, names or tuple(page.sentences))
    if names and not is_presented():
        st.button(_("All controls"), key="all_controls", icon=":material/tune:", on_click=_show_all)
    return True


def _controls_left(page: Page) -> tuple[str, ...]:
    """Return the controls that the link leaves to be touched, of those that the page has."""
    asked, offered = controls_named(value_of("only")), controls_of(page)
    names = tuple(name for name in asked if name in offered)
    if unknown := [name for name in asked if name not in offered]:
        settle(only=",".join(names))  # the address says what there is, and so only once what isn't
        said = _("The link leaves these controls to be touched, which this page hasn't: {names}.")
        notice("only", said.format(names=verbatim(", ".join(unknown))), asked=",".join(asked))
    return names


def _show_all() -> None:
    """Draw the page as it is without a teacher's choice."""
    choose("all controls", only="")


def _draw(page: Page, names: tuple[str, ...]) -> None:
    """Draw what stays, around a part that follows each key press."""
    with told_in_place():
        if not page.get_ready():
            return
    inputs = st.container(gap="small")
    with st.container(horizontal=True, key="lesson_controls", vertical_alignment="bottom"):
        draw_controls(page, names)
    picture, said = st.container(), st.container(key="say", gap="xsmall")
    draw_click_listener(has_charts=False)  # a click would open what there are no controls for
    settle_layout(source_shown())
    live(_follow)(page, names, inputs, picture, said)


def _follow(
    page: Page,
    names: tuple[str, ...],
    inputs: DeltaGenerator,
    picture: DeltaGenerator,
    said: DeltaGenerator,
) -> None:
    """Draw the sentence, what follows from it, and a sentence on that."""
    source = source_shown()
    if memory().layout != source.layout():
        st.rerun()  # a control was changed while somebody typed: Streamlit ran only the fragment
    followed = None
    with picture, told_in_place():
        followed = compute_chosen(source)
    if followed is not None and not followed.run.is_empty:
        with picture, told_in_place():
            view = named(page.views, value_of("view"))
            if is_presented():
                show_picture(_with_query(followed), view, is_wide=True)
            else:
                show_view(followed, view)
        with said, told_in_place():
            if is_presented() or followed.selection.head is not None:
                st.markdown(_describe(followed))
            tell_weights(source.describe(followed.run))
            st.caption(describe_run(source, followed.run))
            show_limits(source, followed.run)
    with inputs:
        with st.container(horizontal=True, key="sentences"):
            draw_sentences(page, names)
        if followed is not None and followed.run.is_empty:
            st.info(_("Type a sentence above."))
        elif followed is not None:
            draw_controls_of_run(page, names, followed)
    with said:
        show_notices()


def _with_query(followed: Followed) -> Followed:
    """What is shown with the query framed that is spoken of."""
    run, selection = followed
    tell_heads(run.heads_of(selection.kind))
    return Followed(run, _spoken_of(followed)[0])


def _spoken_of(followed: Followed) -> tuple[Selection, int]:
    """What is chosen, with a query in any case if there is one; and the head that is spoken of."""
    run, selection = followed
    attention = attention_in(run, selection)
    head = heads_shown(attention, selection)[0]
    query = selection.query
    if query is None:
        query = telling_query(attention.whole, head)
    return replace(selection, query=query), head


def _describe(followed: Followed) -> str:
    selection, head = _spoken_of(followed)
    attention = attention_in(followed.run, selection)
    return describe_look(attention, head, selection.query, selection.key)
