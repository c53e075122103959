"""Next token: what a decoder would write, writing it, and what a head has to do with it."""

import numpy as np
import streamlit as st

from model.next_token import top_tokens
from model.pretrained.base import Head, changeable_kind
from ui.choices.limits import MOST_INTERVENTIONS
from ui.controls.selection import Selection, draw_next_time
from ui.link.address import asked_for
from ui.link.interventions import read_heads, write_heads
from ui.link.memory import choose, settle, value_of
from ui.pages.pretrained.answer_bars import COUNT, describe_change, show_bars
from ui.pages.pretrained.settings import added_tokens, pretrained_memory, texts
from ui.runs.model_input import most_added
from ui.runs.pretrained import PretrainedRun
from ui.text.descriptions import Description
from ui.text.i18n import N_, _
from ui.text.markdown import plain, verbatim
from ui.text.numbers import percent
from ui.text.stage_names import head_names
from ui.views.heads import show_tiles
from ui.views.marks import mark_tile, mark_tokens
from ui.views.stages import between_tokens, query_by_key
from ui.views.view import View
from viz.theme import Theme
from viz.tiles import Tiles
from viz.tiles_grid import HEIGHT


def show_next(run: PretrainedRun, selection: Selection, theme: Theme) -> None:
    """Draw the likeliest next tokens, the buttons that write them, and what a removal changes."""
    if run.next_logits is None:
        st.info(_("This model writes nothing: choose one with a decoder."))
        return
    whole = run.unchanged()
    left, right = st.columns([3, 2], gap="medium")
    with left:
        show_bars(run, whole, 0, theme)
    with right:
        _draw_writing(run)
        _draw_removal(run, whole, selection)
    if whole is not None:
        _show_difference(run, whole, selection, theme)


def _show_beside(run: PretrainedRun, selection: Selection, theme: Theme) -> None:
    """Draw the likeliest next tokens alone."""
    if run.next_logits is None:
        st.info(_("This model writes nothing: choose one with a decoder."))
        return
    show_bars(run, run.unchanged(), 0, theme)


def _draw_writing(run: PretrainedRun) -> None:
    """Draw a button for each of the likeliest tokens, and one to take the last back."""
    assert run.next_logits is not None
    added = added_tokens()
    length = (run.source if run.target is None else run.target).length
    most = most_added(run.model, run.most_tokens)
    is_full = len(added) >= most or length >= run.most_tokens
    st.markdown(_("**Write on** with one of them:"))
    with st.container(horizontal=True, gap="small", key="writing"):
        for rank, each in enumerate(top_tokens(run.next_logits[0], COUNT)):
            st.button(
                plain(run.model.tokenizer.shown(each.token), 16),
                key=f"write_{rank}",
                type="primary" if rank == 0 else "secondary",
                on_click=_write,
                args=((*added, each.token), length),
                disabled=is_full or not run.model.reads(each.token),
                help=_("Write {token}: {probability}").format(
                    token=plain(run.model.tokenizer.shown(each.token)),
                    probability=percent(each.probability, 2),
                ),
            )
        st.button(
            _("Take back"),
            key="take_back",
            icon=":material/undo:",
            on_click=_write,
            args=(added[:-1], length - 2),
            disabled=not added,
        )
    if is_full:
        st.caption(_("No more tokens fit. Take some back, or type a shorter text."))
    elif added:
        side = run.computed.target or run.sentences
        written = "".join(side.subwords[0].shown[-len(added) :])
        st.caption(_("Written so far: {text}").format(text=verbatim(written, 200)))


def _write(added: tuple[int, ...], last: int) -> None:
    """Write these tokens after the text, and follow the attention of the last one."""
    written = ",".join(map(str, added))
    choose("write", q=max(0, last) if added else None, added=written)
    pretrained_memory().written_after = texts()
    draw_next_time()


def _draw_removal(run: PretrainedRun, whole: PretrainedRun | None, selection: Selection) -> None:
    """Draw what removes the chosen head, or puts it back, and what that does to the prediction."""
    removed = list(read_heads(value_of("removed")))
    st.markdown(_("**Remove a head**: its output becomes zero."))
    if selection.kind != changeable_kind(run.model.kind):
        st.caption(_("Choose the cross-attention on the left: its heads can be removed."))
    elif selection.head is None:
        st.caption(_("Choose a head above, or by Find heads, to see what is lost without it."))
    else:
        chosen: Head = (selection.layer, selection.head)
        label = _("Put layer {layer}, head {head} back") if chosen in removed else None
        label = label or _("Remove layer {layer}, head {head}")
        st.button(
            label.format(layer=chosen[0], head=chosen[1]),
            key="remove_head",
            on_click=_remove,
            args=([h for h in removed if h != chosen] + [chosen] * (chosen not in removed),),
            disabled=chosen not in removed and len(removed) >= MOST_INTERVENTIONS,
        )
    if removed:
        st.button(_("Put all back"), key="put_all_back", on_click=_remove, args=([],))
    if whole is not None and run.next_logits is not None and whole.next_logits is not None:
        st.markdown(describe_change(run, whole, 0))
        below = _("Below: what that changes in the weights of layer {layer}.")
        st.caption(below.format(layer=selection.layer))


def forget_written() -> None:
    """Take back what a model has written after another text than the one that is there now."""
    kept = pretrained_memory()
    before, kept.written_after = kept.written_after, texts()
    if before not in (None, texts()) and value_of("added"):
        settle(added="")


def take_written_from_link() -> None:
    """Let what a link has added go with the link's own text, whatever text was there before."""
    if "added" in asked_for():
        pretrained_memory().written_after = texts()


def _remove(heads: list[Head]) -> None:
    choose("remove", removed=write_heads(heads))
    draw_next_time()


def _show_difference(
    run: PretrainedRun, whole: PretrainedRun, selection: Selection, theme: Theme
) -> None:
    """Draw what the removal changes in the weights of the chosen layer."""
    tiles = difference_tiles(run, whole, selection)
    largest = float(np.nanmax(np.abs(tiles.values), initial=0.0))
    if not largest and selection.kind != "cross" and len(run.kinds) > 1:
        st.markdown(_("**Unchanged**: this attention doesn't depend on what was removed."))
        return
    if not largest:
        st.markdown(
            _(
                "**Layer {layer}** doesn't change: its weights are computed before what was "
                "removed. Choose a later one."
            ).format(layer=selection.layer)
        )
        return
    st.markdown(
        _("**What that changes in the weights of layer {layer}**: by up to {largest:.2g}.").format(
            layer=selection.layer, largest=largest
        )
    )
    attention = run.attention(selection.layer, selection.sentence, selection.kind).at("weights")
    tiles = mark_tokens(tiles, attention, selection.query, selection.key)
    show_tiles(mark_tile(tiles, selection.head), "difference_chart", theme)


def difference_tiles(run: PretrainedRun, whole: PretrainedRun, selection: Selection) -> Tiles:
    """Return the chosen layer's weights less what they were before."""
    now, before = (
        each.attention(selection.layer, selection.sentence, selection.kind).at("weights")
        for each in (run, whole)
    )
    (after, masked), (all_heads, _masked) = (between_tokens(a, "weights") for a in (now, before))
    return Tiles(
        values=after - all_heads,
        names=head_names(now.facts.heads),
        short_names=[str(head) for head in range(now.facts.heads)],
        rows=now.query_labels,
        columns=now.key_labels,
        **query_by_key(),
        value_title=_("change of weight"),
        diverging=True,
        masked=masked,
        masked_text=_("masked"),
        height=HEIGHT,
    )


DESCRIPTION = Description(
    N_("Next token: what the model would write next, and how probable it finds it."),
    "softmax(logits)",
    ("token", "softmax", "logit", "head", "layer", "output", "weight", "query", "key", "nats"),
)
NEXT = View(
    "next", show_next, lambda: DESCRIPTION, beside=_show_beside, inputs=("head",), group="answer"
)
