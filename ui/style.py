"""The page's own style: less air than Streamlit's default, so that all heads fit a projector.

Two rules are for speed. The padding is in whole pixels, so that the chart's width is too: Plotly
rounds it at first, and would draw a chart again that is a fraction of a pixel off. And a chart's
place is never without height: Plotly would remember that, and draw again when it has one.
"""

import streamlit as st

CSS = """
<style>
.stMainBlockContainer { padding: 0.7rem 24px 2rem; max-width: 1800px; }
.stMainBlockContainer > div > .stVerticalBlock { gap: 0.5rem; }
.stPlotlyChart > div { min-height: 1px; }
header.stAppHeader { height: 2.4rem; background: transparent; }
.stSidebar [data-testid="stSidebarHeader"] { height: 2.2rem; margin-bottom: 0; }
[data-testid="stSidebarUserContent"] { padding-top: 0.2rem; }
[data-testid="stSidebarUserContent"] .stVerticalBlock { gap: 0.65rem; }
.stButtonGroup button p::first-letter { text-transform: uppercase; }
.st-key-selection .stNumberInput, .st-key-selection .stButtonGroup {
  display: flex; align-items: center; gap: 0.5rem;
}
.st-key-selection .stNumberInput > label, .st-key-selection .stButtonGroup > label {
  margin: 0; min-height: 0; min-width: max-content; white-space: nowrap;
}
.st-key-formulas { padding-left: 112px; margin-bottom: -0.6rem; }
.st-key-formulas .stMarkdown { text-align: center; white-space: nowrap; }
.st-key-formulas .katex { font-size: 0.9rem; }
.st-key-arithmetic table { width: 100%; font-size: 1rem; }
.st-key-arithmetic td {
  padding: 0.22rem 0.5rem; white-space: nowrap; font-variant-numeric: tabular-nums;
}
.st-key-stage_unused { display: none; }
.st-key-scale button p::first-letter { text-transform: none; }
@media (max-width: 1200px) {
  .st-key-arithmetic td { white-space: normal; }
  .stMainBlockContainer { overflow-x: auto; padding-top: 2.2rem; }
  .st-key-formulas, .st-key-head_chart, .st-key-heads_chart { min-width: 860px; }
}
.st-key-heads_chart .nsewdrag, .st-key-heads_chart .annotation { cursor: pointer !important; }
</style>
"""


def apply_style() -> None:
    """Add the style to the page."""
    st.html(CSS)
