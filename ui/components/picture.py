"""A button at each of the page's charts that saves it, and a panel with how.

The browser does it all: see picture.js, and saving/ for what it loads when it is first asked to.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import streamlit as st

from ui.components import as_json, source

KEY = "picture_saver"


@dataclass(frozen=True)
class PictureData:
    """What the component is told."""

    script: str  # the address of what saves, from the app's own on
    base: str  # the app's own address, as other computers reach it
    words: Mapping[str, str]  # all texts: see ui.frame.pictures
    names: Mapping[str, str]  # what charts are called where a page has several, by their keys


@cache
def _picture() -> Callable[..., Any]:
    return st.components.v2.component(
        "headlight_picture", css=source("picture.css"), js=source("picture.js")
    )


def picture_saver(data: PictureData) -> Any:
    """Mount it once a page: charts that come later get their buttons, too.

    What is said of a picture it reads from what ui.components.address was given.
    """
    return _picture()(key=KEY, data=as_json(asdict(data)), height=1)
