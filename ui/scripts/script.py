"""A run's code, as a file and as a notebook."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from model.transformer import AttentionKind as Kind
from model.version import VERSION
from ui.scripts.assembly import assemble
from ui.scripts.literals import visible

WHOLE = {"DISPLAYED": False, "MERGED": False, "RENORMALISED": False}  # each token by itself
TRACE = "trace.npz"  # as a notebook calls what lies beside it


@dataclass(frozen=True)
class Where:
    """Which attention a page shows, and the link to it."""

    kind: Kind = "encoder_self"
    layer: int = 0
    sentence: int = 0
    link: str = ""


@dataclass(frozen=True, kw_only=True)
class Script:
    """Code that reproduces the numbers of a run, and says by how much it differs."""

    title: str  # one line
    about: tuple[str, ...]  # paragraphs: what is computed, and what to know of it
    requirements: tuple[str, ...]  # the packages that it imports
    installs: tuple[str, ...]  # what pip is asked for, a line each
    where: Where
    parts: tuple[str, ...]
    options: Mapping[str, Any]
    settings: Mapping[str, Any]
    renamed: Mapping[str, str]
    check: Mapping[str, Any]  # the settings of the check, with the numbers that were shown
    is_sampled: bool  # whether not all of these are in it
    arguments: str = ""  # what is written behind the file's name to run it

    def python(self, name: str) -> str:
        """Return it as a file of this name, which has the numbers that were shown in it."""
        head = [f'"""{visible(self.title)}', "", *_paragraphs(self.about), *self._how(name), '"""']
        return "\n".join([*head, "", *self._origin(), "", self.body(trace=False)])

    def body(self, *, trace: bool) -> str:
        """Return the code alone.

        Args:
            trace: whether it compares with a trace beside it, and not with numbers in itself.
        """
        return assemble(
            (*self.parts, "check", *(["picture"] if trace else [])),
            {
                **WHOLE,
                **self.options,
                "CHECK": "trace" if trace else "constants",
                "SAMPLED": self.is_sampled,
            },
            {**self.settings, **self.check, "TRACE": TRACE},
            self.renamed,
        )

    def _how(self, name: str) -> list[str]:
        return [
            "",
            *(f"    pip install {each}" for each in self.installs),
            f"    python {name}{self.arguments}",
        ]

    def _origin(self) -> list[str]:
        made = f"# Made with {made_with()}"
        link = visible(self.where.link)
        return [f"{made} from", f"# {link}"] if link else [made]


@cache
def made_with() -> str:
    """Return the versions of what has computed the numbers."""
    return f"Headlight {VERSION} and PyTorch {torch.__version__.partition('+')[0]}"


def _paragraphs(texts: Sequence[str]) -> list[str]:
    """Texts of a docstring, filled to 100 characters, with an empty line between them."""
    lines: list[str] = []
    for text in texts:
        lines += [""] if lines else []
        line = ""
        for word in visible(text).replace("\\", "/").replace('"""', "'''").split():
            if line and len(line) + len(word) + 1 > 100:
                lines.append(line)
                line = ""
            line += f" {word}" if line else word
        lines.append(line)
    return lines
