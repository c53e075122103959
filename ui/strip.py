"""The sentence as a row of words: pointing at one shows how much it attends to the others."""

import numpy as np

from ui.components import StripData, token_strip
from ui.i18n import _
from ui.run import Run
from ui.selection import Selection, attention_in, take_pick
from ui.text import token_text


def show_strip(run: Run, selection: Selection) -> None:
    """Draw the strip for the chosen layer and head, or the mean of the heads."""
    attention = attention_in(run, selection)
    weights = attention.field("weights")
    if selection.head is None:
        shown, whose = weights.mean(axis=0), _("mean of the heads")
    else:
        shown = weights[selection.head]
        whose = _("head {number}").format(number=selection.head)
    if run.settings.layers > 1:
        whose = _("layer {layer}, {whose}").format(layer=selection.layer, whose=whose)
    token_strip(
        StripData(
            tokens=[token_text(token) for token in attention.queries],
            real=attention.real_queries,
            weights=np.asarray(shown),
            chosen=selection.query,
            hint=_("Point at a word: how much it attends to each of the others ({whose}).").format(
                whose=whose
            ),
            sentence=_("How much “{{token}}” attends to each word ({whose}).").format(whose=whose),
        ),
        key="strip",
        on_pick=take_pick,
    )
