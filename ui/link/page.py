"""What the code that reads links has to know of a page; the pages themselves are elsewhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Protocol

from ui.link.readers import Reader


class Unchosen(Enum):
    """What somebody has emptied, where nothing chosen means that the page chooses."""

    UNCHOSEN = ""


UNCHOSEN: Final = Unchosen.UNCHOSEN


@dataclass(frozen=True)
class Parameter:
    """One parameter of a page's link."""

    default: Any
    reader: Reader
    # Whether what is computed depends on it, and not the picture alone.
    computes: bool = True
    # Whether it is typed, dragged or painted, little by little: each change then replaces the
    # browser's entry in its history, where others make one.
    is_gradual: bool = False
    # Whether the page chooses where nothing is chosen: a field that somebody empties then has
    # UNCHOSEN, and a link that says so is empty there.
    can_be_unchosen: bool = False

    def read(self, key: str, text: str) -> tuple[Any, str | None]:
        """Return the value that a text means, and a message if it had to be changed."""
        return self.reader(key, text, self.default)


class Linked(Protocol):
    """A page, as its link sees it."""

    @property
    def name(self) -> str:
        """Its path in the address."""

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """All that its link can hold, in the order in which it is written."""

    @property
    def fits(self) -> Mapping[str, Callable[[], object]]:
        """For each value that depends on others, what brings it in line with them, in order."""

    @property
    def shared(self) -> frozenset[str]:
        """The parameters that people take along to another page that shares them."""

    @property
    def called(self) -> Mapping[str, str]:
        """Of these, the names here of those that have others elsewhere."""

    def prepare(self, page: "Linked") -> None:
        """Prepare for somebody who comes here, while the page that is left is still shown."""

    def opening(self) -> Mapping[str, Any]:
        """Return what is chosen where neither a link nor a person has chosen anything yet."""
