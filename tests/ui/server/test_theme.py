"""The theme is read once, and is sent as Streamlit itself would send it."""

import pytest
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

from ui.server import theme

SECTIONS = ("theme", "theme.light", "theme.dark", "theme.sidebar", "theme.dark.sidebar")


@pytest.mark.parametrize("section", SECTIONS)
def test_what_is_sent_is_what_streamlit_reads(section: str) -> None:
    read, sent = CustomThemeConfig(), CustomThemeConfig()
    theme._read(read, section)
    theme._copy_theme(sent, section)
    assert sent == read


def test_a_section_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = app_session.config.get_options_for_section
    theme._theme.cache_clear()
    monkeypatch.setattr(
        app_session.config,
        "get_options_for_section",
        lambda section: (read.append(section), original(section))[1],
    )
    for _run in range(3):
        theme._copy_theme(CustomThemeConfig(), "theme.light")
    assert read == ["theme.light"]
