"""The part of plotly.js that draws Headlight's figures, for whatever carries its own copy.

`plotly.min.js` has scatter, bar and heatmap, and defines `Plotly`: a quarter of the whole. It
needs no `eval`, so that it works under a strict Content-Security-Policy, and nothing from the
network. Its licences stand beside it, in `plotly.LICENSES.txt`. `python -m tools.plotly_bundle`
renews both.
"""

from functools import cache
from pathlib import Path

PLOTLY_FILE = Path(__file__).parent / "plotly.min.js"
PLOTLY_VERSION = "4.1.1"  # the installed plotly package's, so that pictures are alike


@cache
def plotly_source() -> str:
    """Return the script, in ASCII and without `</script`, so that it can stand in a page."""
    return PLOTLY_FILE.read_text(encoding="ascii")
