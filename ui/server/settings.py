"""What the server's owner decides, in environment variables; see docs/server.md."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_network

ORIGIN = re.compile(r"https?://(\*\.)?[a-z0-9.-]+(:[0-9]{1,5})?", re.IGNORECASE)
ADDRESS = re.compile(r"(?P<host>[0-9A-Za-z.-]+|\[[0-9a-fA-F:.]+\]):(?P<port>[0-9]{1,5})")
LOGS = ("plain", "json")
DEADLINE = 20.0  # seconds
LONGEST_DEADLINE = 3600.0

Address = tuple[str, int]  # host and port


@dataclass(frozen=True)
class Settings:
    """The owner's decisions; without any, those that are safest.

    Args:
        frames: origins whose pages may show the app in a frame; ("*",) for anybody's.
        proxies: addresses and networks whose word counts on who has asked them.
        metrics: where Prometheus may ask for numbers; None for nowhere.
        log: how a line of the log is written, "plain" or "json".
        deadline: seconds from being asked to end until the process has ended.
    """

    frames: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    metrics: Address | None = None
    log: str = "plain"
    deadline: float = DEADLINE

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """Return the settings that an environment asks for.

        Raises:
            ValueError: if one of them can't be meant.
        """
        return cls(
            _frames(environ.get("HEADLIGHT_FRAMES", "")),
            _proxies(environ.get("HEADLIGHT_PROXY", "")),
            _metrics(environ.get("HEADLIGHT_METRICS", "")),
            _log(environ.get("HEADLIGHT_LOG", "")),
            _deadline(environ.get("HEADLIGHT_DEADLINE", "")),
        )


@cache
def settings() -> Settings:
    """Return this server's settings, which never change while it runs."""
    return Settings.read(os.environ)


def check_settings() -> None:
    """End the process with one clear line where a setting can't be meant."""
    try:
        settings()
    except ValueError as error:
        raise SystemExit(f"Headlight doesn't start: {error}") from error


def _frames(text: str) -> tuple[str, ...]:
    origins = tuple(text.split())
    if origins == ("*",):
        return origins
    for origin in origins:  # each goes into a header: nothing else may
        if not ORIGIN.fullmatch(origin):
            raise ValueError(
                'HEADLIGHT_FRAMES must be "*" or origins with spaces between them, such as '
                f'"https://moodle.school.example"; got {origin!r}'
            )
    return origins


def _proxies(text: str) -> tuple[str, ...]:
    networks = tuple(part.strip() for part in text.split(",") if part.strip())
    for network in networks:
        try:
            ip_network(network)
        except ValueError as error:
            raise ValueError(
                "HEADLIGHT_PROXY must be addresses or networks with commas between them, such as "
                f'"127.0.0.1,10.0.0.0/8"; got {network!r}'
            ) from error
    return networks


def _metrics(text: str) -> Address | None:
    if not text:
        return None
    found = ADDRESS.fullmatch(text)
    if found is None or not 0 <= int(found["port"]) < 2**16:
        raise ValueError(
            f'HEADLIGHT_METRICS must be a host and a port, such as "127.0.0.1:9464"; got {text!r}'
        )
    return found["host"].strip("[]"), int(found["port"])


def _log(text: str) -> str:
    if (text or LOGS[0]) not in LOGS:
        raise ValueError(f'HEADLIGHT_LOG must be "plain" or "json"; got {text!r}')
    return text or LOGS[0]


def _deadline(text: str) -> float:
    try:
        seconds = float(text or DEADLINE)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= LONGEST_DEADLINE:
        raise ValueError(f"HEADLIGHT_DEADLINE must be 1 to 3600 seconds; got {text!r}")
    return seconds
