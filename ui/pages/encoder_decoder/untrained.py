"""What is said of random weights where people type German."""

import streamlit as st

from model.training.recommended import RECOMMENDED
from ui.frame.page import draw_link
from ui.link.links import as_written
from ui.link.plan_text import PLAN_FIELDS
from ui.text.i18n import _


def tell_untrained() -> None:
    """Say that nothing here is learnt, and lead to what can be learnt at once."""
    plan = RECOMMENDED["numbers"]
    taught = {name: as_written(getattr(plan, name)) for name in PLAN_FIELDS}
    st.caption(_("Random weights know no language: who looks at whom means nothing here."))
    draw_link(
        "learn",
        _("Teach it number words, in seconds"),
        query=taught,
        icon=":material/school:",
        help=_("Train it on Learn; Weights there opens on this page what it has learnt."),
    )
