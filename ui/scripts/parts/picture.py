"""A picture of the weights, in a notebook."""

from ui.scripts.parts.check import KIND, LAYER, SENTENCE
from ui.scripts.parts.encoder_run import attentions

# %% A picture
# Each row is a query, each column a key; the darker a cell, the more weight. `pip install plotly`.

try:
    import plotly.express as px
except ImportError:
    print("Without plotly there is no picture: pip install plotly")
else:
    heads = attentions[KIND][LAYER]["weights"][SENTENCE]
    labels = {"x": "key", "y": "query", "facet_col": "head"}
    px.imshow(heads.tolist(), facet_col=0, facet_col_wrap=4, labels=labels, zmin=0, zmax=1).show()
