"""Steps of lessons without a browser: what they show, and all that they send."""

import json
from typing import Any

from streamlit.testing.v1 import AppTest


def picker(at: AppTest) -> list[dict[str, Any]]:
    """The rows of words that the question's picker was given."""
    elements = [each for each in at.get("bidi_component") if each.proto.id.endswith("picker")]
    rows: list[dict[str, Any]]
    rows = json.loads(elements[0].proto.bytes)["rows"] if elements else []
    return rows


def said(at: AppTest) -> str:
    return " ".join(str(element.value) for element in at.markdown)


def sent(at: AppTest) -> list[str]:
    """All that the page sends which anybody could read, the address and the language apart."""
    found = []
    for element in at:
        proto = getattr(element, "proto", None)
        if proto is None or "-address" in getattr(proto, "id", ""):
            continue
        parts = [getattr(proto, name, "") for name in ("body", "label", "help", "placeholder")]
        parts += [getattr(proto, name, "") for name in ("bytes", "spec", "default", "options")]
        parts.append(getattr(element, "value", ""))
        found.append(f"{type(proto).__name__} {parts}")
    return found


def steady(at: AppTest) -> list[str]:
    """The charts that keep their last picture while they are painted anew."""
    (listener,) = [e for e in at.get("bidi_component") if e.proto.id.endswith("chart_clicks")]
    keys: list[str] = json.loads(listener.proto.bytes)["steady"]
    return keys
