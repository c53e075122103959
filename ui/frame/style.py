"""The page's own style: less air than Streamlit's default, so that all heads fit a projector.

Two rules are for speed. The padding is in whole pixels, so that the chart's width is too: Plotly
rounds it at first, and would draw a chart again that is a fraction of a pixel off. And a chart's
place is never without height: Plotly would remember that, and draw again when it has one.
"""

from functools import cache
from html import escape

import streamlit as st

CSS = """
<style>
/* A large screen is read from further away. */
html { font-size: clamp(100%, min(0.98vw, 1.74vh), 150%); }
.stSidebar[data-collapsed="false"] { min-width: 18.75rem; }
/* What is left of it where a page draws none, after one that did. */
.stSidebar:not(:has([data-testid="stSidebarUserContent"] [data-testid="stElementContainer"])) {
  display: none;
}
.stMainBlockContainer { padding: 2.4rem 24px 2px; max-width: 1800px; }
/* What takes no room has no gap beside it either. */
.stElementContainer:has(> .stHtml > style) { position: absolute; width: 1px; }
[data-testid="stLayoutWrapper"]:has(> .stVerticalBlock:empty) { display: none; }
[data-testid="stLayoutWrapper"]:has(> .st-key-selection:not(
  :has(.stNumberInput, .st-key-kind_row, .st-key-sentence))) { display: none; }
.stMainBlockContainer > .stVerticalBlock,
.stMainBlockContainer > .stVerticalBlock > .stLayoutWrapper > .stVerticalBlock { gap: 0.5rem; }
/* The line below the switches, which says what the picture is. */
.stMainBlockContainer > .stVerticalBlock > :has(> * [data-testid="stCaptionContainer"]) {
  margin-bottom: -0.3rem;
}
/* Their widths are in pixels, and what is written in them grows. */
.st-key-selection > .stElementContainer, .st-key-selection .stNumberInput {
  min-width: max-content;
}
[data-testid="stTooltipContent"] { max-height: 80vh; }
/* Colours that mean something need their full strength. */
.stMainBlockContainer > .stVerticalBlock > * [data-testid="stCaptionContainer"] { opacity: 1; }
.stPlotlyChart > div { min-height: 1px; }
header.stAppHeader, .stAppToolbar { height: 2.3rem; min-height: 0; }
.stSidebar [data-testid="stSidebarHeader"] { height: 1.6rem; margin-bottom: 0; }
[data-testid="stSidebarUserContent"] { padding-top: 0; padding-bottom: 1rem; }
[data-testid="stSidebarUserContent"] .stVerticalBlock { gap: 0.6rem; }
[data-testid="stSidebarUserContent"] .stButtonGroup button { padding: 0 0.6rem; }
[data-testid="stSidebarUserContent"] .stPopover button { padding: 0 0.5rem; }
.stButtonGroup button p::first-letter { text-transform: uppercase; }
.st-key-view_bar .stButtonGroup button { padding: 0 0.6rem; }
.st-key-ranking .stButton button { min-height: 2.1rem; padding: 0.1rem 0.5rem; }
.st-key-writing .stButton button { min-height: 2.1rem; padding: 0.1rem 0.6rem; }
:is(.st-key-choose_popover, .st-key-colors_popover, .st-key-share_popover) button p {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
}
.st-key-layer .stButtonGroup button { padding: 0; min-width: 2.1rem; }
.st-key-more .stButtonGroup button { padding: 0 0.5rem; }
.st-key-sentences .stTextInput,
.st-key-selection :is(.stNumberInput, .stButtonGroup),
.st-key-test_inputs :is(.stNumberInput, .stTextInput) {
  display: flex; align-items: center; gap: 0.5rem;
}
.st-key-sentences .stTextInput > label,
.st-key-selection :is(.stNumberInput, .stButtonGroup) > label,
.st-key-test_inputs :is(.stNumberInput, .stTextInput) > label {
  margin: 0; min-height: 0; min-width: max-content; white-space: nowrap;
}
.st-key-sentences .stTextInput > div { flex: 1; }
:is(.st-key-sentences, .st-key-told_story) .stMarkdown p { font-size: 0.9rem; line-height: 1.35; }
.st-key-formulas { padding-left: 112px; margin-bottom: -0.8rem; }
.st-key-formulas .stMarkdown { text-align: center; white-space: nowrap; }
.katex { font-size: 1.26em; }  /* its indices of indices are half as large */
.st-key-formulas .katex { font-size: 0.9rem; }
.st-key-formulas p:not(:has(.katex)) { white-space: normal; font-size: 0.8rem; line-height: 1.15; }
:is(.st-key-kinds, .st-key-compare) .stColumn > .stVerticalBlock { gap: 0; }
:is(.st-key-kinds, .st-key-compare) .stMarkdown p { line-height: 1.4; }
.st-key-arithmetic table { width: 100%; font-size: 1rem; }
.st-key-arithmetic td {
  padding: 0.22rem 0.5rem; white-space: nowrap; font-variant-numeric: tabular-nums;
}
.st-key-view_bar:has(.st-key-pattern, .st-key-overview, .st-key-stage)
  .stButtonGroup button {
  padding: 0 0.4rem;
}
.st-key-view_bar:has(.st-key-overview):has(.st-key-colors_popover) .stButtonGroup button {
  padding: 0 0.3rem;
}
.st-key-view_bar:has(.st-key-head_scale) .stButtonGroup button { padding: 0 0.22rem; }
/* Streamlit's own file of a table has formulas in it, if somebody typed them; ours hasn't. */
:is(.st-key-stage_table, .st-key-sweep_table)
[data-testid="stElementToolbarButton"]:has([aria-label^="Download as CSV"]) { display: none; }
:is(.st-key-choose_popover, .st-key-colors_popover) button { padding: 0 0.4rem; }
/* Streamlit's own words, in English whatever the language; the label and its help say the same. */
.st-key-weights_file :is([data-testid="stFileUploaderDropzoneInstructions"],
  [data-testid="stFileUploaderDropzone"] button p) { display: none; }
/* What is in a popover comes a moment after it: it is placed as if it were there, where it fits. */
[data-testid="stPopoverBody"]:not(:has([data-testid="stElementContainer"])) {
  min-height: 24rem; opacity: 0;
}
[data-testid="stPopoverBody"]:has(.st-key-download_page) { padding: 1rem; }
[data-testid="stPopoverBody"]:has(.st-key-download_page) .stVerticalBlock { gap: 0.25rem; }
/* As wide as the sidebar that it lies on: what its controls change stays in sight. */
[data-testid="stPopoverBody"]:has(.st-key-more) {
  width: 15rem; min-width: 0; min-height: min(26rem, 80vh); max-height: min(26rem, 80vh);
}
:is(.st-key-address, .st-key-picture_saver, .st-key-share_focus) {
  position: absolute; width: 1px; overflow: hidden;
}
/* What is fixed in a corner has no gap below it on the page. */
[data-testid="stLayoutWrapper"]:has(> .st-key-corner) { position: absolute; }
.st-key-corner {
  position: fixed; top: 0.35rem; right: 3rem; width: auto; z-index: 999990; gap: 0.4rem;
}
:is(.st-key-corner .stPopover, .st-key-present_button) button {
  padding: 0 0.4rem; min-height: 1.5rem; height: 1.5rem; font-size: 0.875rem;
}
.st-key-corner > .stElementContainer { width: auto; }
/* A picture says what it does, and its help its key. */
.st-key-present_button [data-has-shortcut] { gap: 0; }
.st-key-present_button button :is(p, kbd) {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
}
.st-key-lang .stButtonGroup button {
  padding: 0 0.4rem; min-height: 1.5rem; height: 1.5rem; font-size: 0.875rem;
}
.st-key-lang .stButtonGroup button p { font-size: 0.875rem; }
.st-key-share [data-testid="stCode"] pre {
  max-height: 12rem; overflow-y: auto; padding-right: 3rem;
}
/* The button to copy: seen by those who can't hover, too. */
.st-key-share [data-testid="stCode"] > div:has([data-testid="stElementToolbarButton"]) {
  visibility: visible; opacity: 1; transform: none;
}
.short_link { font-size: 1.25rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
/* To be read from the last row, letter by letter. */
.short_link strong {
  display: block; font-family: monospace; font-size: clamp(3rem, 15vw, 6rem);
  line-height: 1.15; letter-spacing: 0.06em;
}
.st-key-scale button p::first-letter { text-transform: none; }
@media (max-width: 700px) {
  .st-key-present_button { display: none; }  /* nobody presents from a phone */
}
@media (max-width: 1200px) {
  .st-key-arithmetic td { white-space: normal; }
  .stMainBlockContainer { padding-top: 3rem; }
  .st-key-sentences .stHorizontalBlock { flex-wrap: wrap; }
  .st-key-sentences .stColumn { min-width: 100%; }
  /* What is wider than its place is moved in it, and the page stays where it is. */
  .stMarkdown [data-testid="stMarkdownContainer"]:has(> table) { overflow-x: auto; }
  .stVerticalBlock:has(
    > :is(.st-key-head_chart, .st-key-heads_chart, .st-key-layers_chart, .st-key-stream_chart,
      .st-key-learn_chart, .st-key-cost_chart, .st-key-parts_chart, .st-key-sweep_chart,
      .st-key-learning_chart)
  ),
  [data-testid="stLayoutWrapper"]:has(> :is(.st-key-kinds, .st-key-compare)) {
    overflow-x: auto;
  }
  .st-key-formulas, .st-key-head_chart, .st-key-heads_chart, .st-key-kinds, .st-key-layers_chart,
  .st-key-stream_chart, .st-key-compare, .st-key-learn_chart, .st-key-cost_chart,
  .st-key-parts_chart, .st-key-sweep_chart, .st-key-learning_chart {
    min-width: 860px;
  }
}
/* What a browser leaves of a projector where it zooms: the picture begins above the fold. */
@media (max-height: 600px) {
  .stMainBlockContainer { padding-top: 2.4rem; }
  .st-key-selection { gap: 0.5rem; }
  .st-key-selection > .stElementContainer, .st-key-selection .stNumberInput { width: auto; }
  .st-key-selection .stNumberInput > div { width: 7.5rem; }
}
@media (max-width: 699px) {
  /* Their heads or charts stand below one another. */
  .st-key-head_chart, .st-key-heads_chart, .st-key-kinds, .st-key-compare, .st-key-learn_chart {
    min-width: 0;
  }
  .st-key-selection { gap: 0.5rem; }
}
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.st-key-start h1 { font-size: clamp(1.5rem, 2.7vw, 2.6rem); padding: 0.4rem 0 0; line-height: 1.2; }
.st-key-say label p { font-size: 1rem; }
.st-key-say input { font-size: 1.4rem; line-height: 1.3; padding-block: 0.4rem; }
:is(.st-key-ways_on, .st-key-lesson_bar) .stPageLink a {
  padding: 0.2rem 0.8rem; border: 1px solid rgb(128 128 128 / 35%); border-radius: 0.5rem;
}
.st-key-ways_on :is(.stPageLink, a) { width: 100%; box-sizing: border-box; }
.st-key-ways_in { align-items: center; }
.st-key-ways_in > .stElementContainer:has(.stPageLink) { flex: 1 1 12rem; width: auto; }
.st-key-ways_in input { padding-block: 0.35rem; }
.st-key-ways_in [data-testid="InputInstructions"] { display: none; }
.st-key-ways_on a p { font-size: 1.05rem; }
.st-key-sentence_of_two .stMarkdown p { font-size: 1.15rem; }
.st-key-sentence_of_two [data-testid="stCaptionContainer"] p { font-size: 0.9rem; }
.st-key-lesson_bar h3 { font-size: 1.6rem; line-height: 1.2; padding: 0; }
.st-key-lesson_bar { padding-bottom: 0.5rem; }
.st-key-lesson_bar .stColumn .stVerticalBlock { gap: 0.2rem; padding-bottom: 0.3rem; }
.st-key-lesson_bar .stMarkdown p { font-size: 1.1rem; line-height: 1.4; }
.st-key-lesson_question .stMarkdown p { font-size: 1.15rem; line-height: 1.4; }
.st-key-lesson_question .stMarkdown strong { font-size: 1.3rem; }
.st-key-lesson_list :is(.stElementContainer, .stPageLink, a) {
  width: 100%; box-sizing: border-box;
}
.st-key-lesson_list .stPageLink a {
  min-height: 2.5rem; justify-content: center;
  border: 1px solid rgb(128 128 128 / 35%); border-radius: 0.5rem;
}
.st-key-lesson_controls { max-width: 62rem; }
.st-key-lesson_controls > * { max-width: 100%; }
.st-key-notes .stMarkdown p { font-size: 1.2rem; line-height: 1.4; }
body:has(.st-key-notes) .st-key-corner { display: none; }
.answers { overflow-x: auto; }
.answers table { border-collapse: separate; border-spacing: 2px; line-height: 1.3; }
.answers th { text-align: right; font-weight: 400; opacity: 0.75; padding-right: 0.5rem; }
.answers td { text-align: center; min-width: 1.5rem; padding: 0 0.3rem; border-radius: 4px; }
.answers td.right { background: rgb(0 158 115 / 28%); }
.answers td.wrong { background: rgb(213 94 0 / 34%); text-decoration: underline wavy; }
:is(.st-key-heads_chart, .st-key-learn_chart) :is(.nsewdrag, .annotation) {
  cursor: pointer !important;
}
</style>
"""


class _Style:
    """The style, in a form in which Streamlit doesn't look for its indentation each time."""

    def __init__(self, heading: str) -> None:
        self._html = CSS
        if heading:
            self._html += f'<h1 class="unseen">{escape(heading)}</h1>'

    def _repr_html_(self) -> str:
        return self._html


@cache
def _style(heading: str) -> _Style:
    return _Style(heading)


def apply_style(heading: str) -> None:
    """Add the style to the page, and a heading for those who hear it.

    Args:
        heading: what the page is about; empty where it draws one for all to see.
    """
    st.html(_style(heading))
