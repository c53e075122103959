"""How a class's room looks, on the pages of those who are in one."""

import streamlit as st

# A browser that asks body:has(...) whenever an element changes does so at each label that a chart
# measures, of which there are 160: half a second. So it is only where one presents.
PRESENTED = """
<style>
/* For a class: at the foot of the wall, without what else is in the corner. */
body:has(.st-key-presented) .st-key-corner:has(.st-key-corner_room) {
  display: flex !important; top: auto; bottom: 0.3rem; right: 2.8rem; --line: 0.9rem;
}
body:has(.st-key-presented) .st-key-corner > .stElementContainer,
body:has(.st-key-presented) .st-key-corner > [data-testid="stLayoutWrapper"]:not(
  :has(> .st-key-corner_room)) { display: none; }
body:has(.st-key-presented) .st-key-corner_room :is(.stPopover p, .stPopover button) {
  font-size: 0.9rem;
}
</style>
"""
CSS = """
<style>
.st-key-corner > [data-testid="stLayoutWrapper"]:has(> .st-key-corner_room) {
  order: -1; width: auto;
}
.st-key-corner_room { width: auto; gap: 0.4rem; align-items: center; flex-wrap: nowrap; }
.st-key-corner_room :is(.stPageLink a, .stPopover button) {
  padding: 0 0.4rem; min-height: 1.5rem; height: 1.5rem; font-size: 0.875rem;
}
.st-key-corner_room .stPageLink a {
  border: 1px solid rgb(128 128 128 / 35%); border-radius: 0.5rem;
}
.st-key-corner_room :is(.stPageLink p, .stPopover p) { font-size: 0.875rem; }
.st-key-corner_room > .stElementContainer:has(> .stBidiComponent) { width: auto; }
body:has(.st-key-corner_room) .st-key-say { padding-right: 16rem; }
.st-key-room .stPageLink a {
  justify-content: center; min-height: 2.5rem;
  border: 1px solid rgb(128 128 128 / 35%); border-radius: 0.5rem;
}
.st-key-room [data-testid="stCode"] pre { padding-right: 3rem; }
.way_in { display: flex; flex-wrap: wrap; gap: 1rem; align-items: center; }
.way_in img { width: 11rem; height: 11rem; }
.votes { border-collapse: separate; border-spacing: 0 0.15rem; width: 100%; line-height: 1.25; }
.votes th { text-align: right; font-weight: 400; padding-right: 0.6rem; width: 1%;
  white-space: nowrap; }
.votes td { text-align: right; padding-left: 0.5rem; width: 1%; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.votes td.bar { width: auto; padding: 0; }
.votes .bar div { height: 1.1em; min-width: 2px; border-radius: 2px; background: #8a8580; }
.votes .right th { font-weight: 700; }
.votes .right .bar div { background: #009e73; }
.votes caption { text-align: left; caption-side: bottom; font-size: 0.9em; opacity: 0.8; }
p.votes { margin: 0; line-height: 1.55; font-size: 0.9rem; }
p.votes span {
  padding: 0.1rem 0.4rem; border: 1px solid rgb(128 128 128 / 45%); border-radius: 0.3rem;
  white-space: nowrap; background: linear-gradient(
    to right, rgb(128 128 128 / 35%) var(--share), transparent var(--share));
}
p.votes .right { font-weight: 700; border-color: #009e73; background: linear-gradient(
  to right, rgb(0 158 115 / 40%) var(--share), transparent var(--share)); }
.votes.painted { width: auto; border-spacing: 1px; }
.votes.painted td { width: 1.3em; height: 1.3em; min-width: 1.3em; padding: 0;
  background: rgb(128 128 128 / 12%); outline: 1px solid transparent; outline-offset: -1px; }
.votes.painted td.right { outline: 2px solid #009e73; outline-offset: -2px; }
.votes.painted td div { width: 100%; height: 100%; background: #1f5fae; }
</style>
"""


def apply_room_style() -> None:
    """Add the style to the page."""
    st.html(CSS)


def apply_presented_room_style() -> None:
    """Add what is different where the page is shown to a class."""
    st.html(PRESENTED)
