"""How the source reads: docstrings that tell."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = [
    path.relative_to(ROOT).as_posix()
    for folder in ("model", "viz", "lab", "rooms", "ui")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
RIDDLES = ("What", "How", "Which", "Where", "Why", "When")  # returned, drawn or decided?
NOUNS = ("The", "A", "An", "All", "Each", "Every", "One", "About")


def public_functions(tree: ast.AST, *, is_public: bool = True) -> Iterator[ast.FunctionDef]:
    """The functions and methods that others call, without properties: these are named as things."""
    for node in getattr(tree, "body", []):
        if isinstance(node, ast.ClassDef):
            yield from public_functions(node, is_public=not node.name.startswith("_"))
        elif isinstance(node, ast.FunctionDef) and is_public and not node.name.startswith("_"):
            names = {each.id for each in node.decorator_list if isinstance(each, ast.Name)}
            if not names & {"property", "cached_property"}:
                yield node


def first_word(docstring: str) -> str:
    return re.split(r"[\s,.:;]", docstring, maxsplit=1)[0]


def test_a_docstring_begins_with_what_is_done() -> None:
    assert len(FILES) > 200
    told = {
        f"{file}:{node.name}": ast.get_docstring(node) or ""
        for file in FILES
        for node in public_functions(ast.parse((ROOT / file).read_text(encoding="utf-8")))
    }
    assert {n: d for n, d in told.items() if first_word(d) in RIDDLES + NOUNS} == {}


def test_a_riddle_is_found() -> None:
    tree = ast.parse(
        'class A:\n def f(self):\n  "What it is."\n @property\n def g(self):\n  "The size."\n'
        'def _h():\n "How it is."\ndef i():\n "The one, and the other."\n'
    )
    assert [node.name for node in public_functions(tree)] == ["f", "i"]
    assert [first_word(ast.get_docstring(node) or "") for node in public_functions(tree)] == [
        "What", "The",
    ]  # fmt: skip
