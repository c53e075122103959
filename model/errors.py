"""What goes wrong, so that a page can say it in any language: a code, a sentence and values.

The sentence (or clause, where others speak around it) is a literal in English with a named
placeholder for each value, so that the tools of gettext find it where it stands, as the second
argument of CodedText and of each CodedError. Values are numbers and names, never words of English.
"""

import copyreg
from collections.abc import Callable, Mapping
from typing import Any, Union

# A tuple is a list of names or numbers; an error or a text of its own is said within another.
Value = Union[int, float, str, "CodedText", tuple[int, ...], tuple[float, ...], tuple[str, ...]]


class CodedText:
    """A sentence or clause of something that went wrong; str() says it in English.

    Args:
        code: an identifier that stays when the words change; of one sentence alone.
        template: the English sentence, with a placeholder as of str.format for each value.
        values: what the placeholders stand for.
    """

    def __init__(self, code: str, template: str, /, **values: Value) -> None:
        self.code = code
        self.template = template
        self.values: Mapping[str, Value] = values

    def __str__(self) -> str:
        return self.said(lambda template: template)

    def __repr__(self) -> str:
        return f"CodedText({self.code!r}, {str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CodedText) and self._content == other._content

    def __hash__(self) -> int:
        return hash((self.code, str(self)))

    def said(self, translate: Callable[[str], str]) -> str:
        """Return the sentence in another language, with its values.

        Args:
            translate: turns a template into one of that language with the same placeholders.
        """
        shown = {name: _shown(value, translate) for name, value in self.values.items()}
        return translate(self.template).format(**shown)

    @property
    def _content(self) -> tuple[str, str, dict[str, Value]]:
        return self.code, self.template, dict(self.values)


class CodedError(Exception):
    """An error whose text can reach a screen. Its subclasses are what the built-in ones are.

    It survives pickling, as on its way from another process.

    Args:
        code: as CodedText's.
        template: as CodedText's.
        values: as CodedText's.
    """

    def __init__(self, code: str, template: str, /, **values: Value) -> None:
        self.text = CodedText(code, template, **values)
        super().__init__(str(self.text))

    def __str__(self) -> str:
        return str(self.text)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how it is made again: exceptions would call the constructor with their `args`."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class CodedValueError(CodedError, ValueError):
    """A value, text or file that can't be used, with the reason."""


def _shown(value: Value, translate: Callable[[str], str]) -> Any:
    if isinstance(value, CodedText):
        return value.said(translate)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value
