"""Figures as one HTML file that opens anywhere and loads nothing.

    build_page(Content(title="Attention of BERT", attentions=[
        Attention(layers=[Layer(weights)], queries=tokens, keys=tokens)
    ]))

returns the whole file as a text in ASCII. It opens from a disk, in a sandboxed `<iframe srcdoc>`,
on a course page: its Content-Security-Policy lets it load nothing. A `Content` holds

- `attentions`: a kind of attention to a sentence each, in all layers: weights, and whatever else
  is known of energies, scores, queries, keys, values and outputs. The page draws the app's own
  pictures of them: all heads, one head, all layers.
- `pictures`: figures as they stand, for what has no such arrays; a function of a `Theme` is drawn
  in light and dark.

A page of more than MOST_BYTES leaves out stages, then pools weights, and says so.
"""

from .build import MOST_BYTES, build_page
from .bundle import PLOTLY_FILE, PLOTLY_VERSION, plotly_source
from .content import Attention, Content, Layer, Picture
from .words import ENGLISH, Words

__all__ = [
    "ENGLISH",
    "MOST_BYTES",
    "PLOTLY_FILE",
    "PLOTLY_VERSION",
    "Attention",
    "Content",
    "Layer",
    "Picture",
    "Words",
    "build_page",
    "plotly_source",
]
