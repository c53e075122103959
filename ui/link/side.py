"""One side of a comparison: a page, and what is chosen on it, wherever it was chosen.

It is written as the page's own link, `explore?heads=4&scale=none`: whatever a page can show can be
compared, and whatever is compared can be opened on its page.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ui.link.links import as_written
from ui.link.memory import as_if
from ui.link.page import Linked, Parameter


@dataclass(frozen=True)
class Side:
    """One of the configurations that are compared."""

    page: Linked
    chosen: Mapping[str, Any]  # what isn't the page's default, and is about what is computed

    @classmethod
    def of(cls, page: Linked, values: Mapping[str, Any]) -> "Side":
        """Return the side that a page shows with these values; others are the page's defaults."""
        chosen = {
            key: values[key]
            for key, parameter in computing(page).items()
            if key in values and values[key] != parameter.default
        }
        return cls(page, chosen)

    @property
    def text(self) -> str:
        """The side as a link holds it."""
        written = self.as_link()
        return f"{self.page.name}?{urlencode(written)}" if written else self.page.name

    def as_link(self) -> dict[str, str]:
        """Return the parameters of its page's link."""
        return {key: as_written(value) for key, value in self.chosen.items()}

    def value(self, key: str) -> Any:
        """Return what is chosen, or the page's default."""
        return self.chosen.get(key, computing(self.page)[key].default)

    def in_force(self) -> AbstractContextManager[None]:
        """Let everything be as if this side's page were shown."""
        return as_if(self.page, self.chosen)

    def replaced(self, **values: Any) -> "Side":
        """Return the same side with other values."""
        return Side.of(self.page, {**self.chosen, **values})


def computing(page: Linked) -> dict[str, Parameter]:
    """Return the parameters of a page that decide what is computed."""
    return {key: each for key, each in page.parameters.items() if each.computes}
