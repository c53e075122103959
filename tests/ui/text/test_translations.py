"""What is translated: found in the source, kept in the catalogues, looked up when it is shown."""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from babel.messages.catalog import Catalog

from tools.translations import FOLDERS, ROOT, TEMPLATE, catalogues, coded_classes, extract, read

FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
LOOKED_UP = {"_", "ngettext", "word"}
each_catalogue = pytest.mark.parametrize(
    "path", catalogues(), ids=lambda path: path.parents[1].name
)


def looked_up(tree: ast.AST) -> Iterator[ast.Call]:
    """The calls that look a text up."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in LOOKED_UP
        ):
            yield node


def at_import(tree: ast.AST) -> Iterator[ast.Call]:
    """The calls that look a text up while a module is imported."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            early = [*child.decorator_list, *child.args.defaults, *child.args.kw_defaults]
            yield from (call for each in early if each for call in looked_up(each))
        elif isinstance(child, ast.Lambda):
            yield from (call for each in child.args.defaults for call in looked_up(each))
        else:
            if child in looked_up(child):
                assert isinstance(child, ast.Call)
                yield child
            yield from at_import(child)


def texts_in(catalog: Catalog) -> set[str]:
    return {
        text
        for message in catalog
        if message.id
        for text in ((message.id,) if isinstance(message.id, str) else message.id)
    }


def placeholders(text: str) -> set[tuple[str, str]]:
    return {(name, spec or "") for _text, name, spec, _how in Formatter().parse(text) if name}


@pytest.fixture(scope="module")
def template() -> Catalog:
    return extract()


def test_no_text_is_looked_up_at_import() -> None:
    """It would be in one language for everybody."""
    early = [
        f"{path.relative_to(ROOT)}:{call.lineno} {ast.unparse(call)}"
        for path in FILES
        for call in at_import(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert early == []


@pytest.mark.parametrize(
    "source",
    [
        "A = _('a')",
        "A = {'a': [_('a')]}",
        "class A:\n b: str = _('a')",
        "def f(a=_('a')): pass",
        "def f(*, a=ngettext('a', 'b', 1)): pass",
        "@g(_('a'))\ndef f(): pass",
        "A = lambda a=_('a'): a",
        "A = word('none')",
        "if True:\n for a in b:\n  c(_('a'))",
    ],
)
def test_a_text_looked_up_at_import_is_found(source: str) -> None:
    assert len(list(at_import(ast.parse(source)))) == 1


@pytest.mark.parametrize("source", ["A = N_('a')", "def f(): _('a')", "A = lambda: _('a')"])
def test_a_text_looked_up_later_is_none(source: str) -> None:
    assert not list(at_import(ast.parse(source)))


def caching(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    """The functions whose results are kept for several sessions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = {ast.unparse(each).partition("(")[0] for each in node.decorator_list}
            if names & {"cache", "lru_cache", "cached", "functools.cache", "functools.lru_cache"}:
                yield node


def test_no_text_is_kept_for_sessions_in_another_language() -> None:
    found = [
        (node.name, bool(list(looked_up(node))))
        for path in FILES
        for node in caching(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert ("computed_of", False) in found  # else there would be nothing to find
    assert [name for name, speaks in found if speaks] == []


def test_each_text_is_extracted(template: Catalog) -> None:
    """Babel reads tokens, and doesn't see what stands within an f-string."""
    marked = LOOKED_UP - {"word"} | {"N_"}
    literal = {
        argument.value
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in marked
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    assert literal - texts_in(template) == set()


def test_sentences_of_errors_are_extracted_and_their_codes_are_not(template: Catalog) -> None:
    texts = texts_in(template)
    assert "the GGUF file has no {key}, which its tokeniser needs" in texts  # a CodedValueError's
    assert "A worker process died; what it was doing was run again." in texts  # a CodedText's
    assert not texts & {"sweep.died", "not_offered", "plan.too_large"}
    assert {"CodedText", "CodedError", "CodedValueError", "DivergedError"} <= coded_classes()


def test_the_template_is_up_to_date(template: Catalog) -> None:
    """If not: make translations."""
    assert texts_in(read(TEMPLATE)) == texts_in(template)


@each_catalogue
def test_a_catalogue_is_up_to_date(path: Path, template: Catalog) -> None:
    """If not: make translations."""
    assert texts_in(read(path)) == texts_in(template)


@each_catalogue
def test_a_translation_has_the_placeholders_of_its_text(path: Path) -> None:
    wrong = [message.id for message in read(path) if message.id and not _fits(message)]
    assert wrong == []


def _fits(message: Any) -> bool:
    """Whether each form has the placeholders; a plural's text can leave the count out."""
    texts, said = ((v,) if isinstance(v, str) else v for v in (message.id, message.string))
    wanted = set.union(*map(placeholders, texts))
    return all(not each or placeholders(each) == wanted for each in said)
