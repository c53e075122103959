"""What an owner may decide, and what is refused at the start."""

import pytest

from ui.server import settings as module
from ui.server.settings import Settings, check_settings


def test_without_a_decision_the_safest_is_taken() -> None:
    assert Settings.read({}) == Settings((), (), None, "plain", 20.0)


def test_decisions_are_read() -> None:
    read = Settings.read(
        {
            "HEADLIGHT_FRAMES": "https://moodle.school.example  https://*.example:8443",
            "HEADLIGHT_PROXY": "127.0.0.1, 10.0.0.0/8,::1",
            "HEADLIGHT_METRICS": "[::1]:9464",
            "HEADLIGHT_LOG": "json",
            "HEADLIGHT_DEADLINE": "7.5",
        }
    )
    assert read.frames == ("https://moodle.school.example", "https://*.example:8443")
    assert read.proxies == ("127.0.0.1", "10.0.0.0/8", "::1")
    assert (read.metrics, read.log, read.deadline) == (("::1", 9464), "json", 7.5)
    assert Settings.read({"HEADLIGHT_FRAMES": "*"}).frames == ("*",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FRAMES", "moodle.school.example"),
        ("FRAMES", "https://a.example; script-src *"),
        ("FRAMES", "https://a.example,https://b.example"),
        ("FRAMES", "https://a.example/path"),
        ("FRAMES", "* https://a.example"),
        ("FRAMES", "'none'"),
        ("PROXY", "*"),
        ("PROXY", "proxy.example"),
        ("PROXY", "10.0.0.1/8"),  # bits of a host in a network
        ("METRICS", "9464"),
        ("METRICS", "localhost:99999"),
        ("METRICS", "localhost:"),
        ("LOG", "xml"),
        ("DEADLINE", "0"),
        ("DEADLINE", "soon"),
        ("DEADLINE", "nan"),
        ("DEADLINE", "inf"),
    ],
)
def test_what_cannot_be_meant_ends_the_process_with_a_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"HEADLIGHT_{name}", value)
    module.settings.cache_clear()
    with pytest.raises(SystemExit, match=f"HEADLIGHT_{name} must be") as ended:
        check_settings()
    assert repr(value.split()[0])[1:-1] in str(ended.value)
    assert "\n" not in str(ended.value)
    module.settings.cache_clear()
