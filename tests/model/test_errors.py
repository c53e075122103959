"""Errors that can be said in any language: their codes, templates and values."""

import ast
import copy
import pickle
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

from lab.pool import SchedulerUnreachableError
from model.errors import CodedError, CodedText, CodedValueError
from model.pretrained.base import NoStartTokenError, TokensWithoutVectorsError
from model.pretrained.refusals import ModelRefusedError

ROOT = Path(__file__).parents[2]
FOLDERS = ("model", "lab", "ui")


@dataclass(frozen=True)
class Call:
    """One place where a coded text or error is made."""

    where: str
    node: ast.Call

    @property
    def code(self) -> ast.expr:
        return self.node.args[0]

    @property
    def template(self) -> ast.expr:
        return self.node.args[1]


def coded_classes(trees: dict[str, ast.Module]) -> set[str]:
    """The names of CodedText, of CodedError and of all that inherit from it."""
    found, before = {"CodedText", "CodedError"}, 0
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    while len(found) > before:
        before = len(found)
        found |= {name for name, of in bases.items() if of & found}
    return found


def passes_on(path: str, node: ast.Call) -> bool:
    """Whether a call passes on what another one has made: to its base, or from a process."""
    return path in ("model/errors.py", "lab/cost.py") and node.keywords[-1].arg is None


@cache
def calls() -> list[Call]:
    """All of them, by file and line."""
    found = []
    trees = {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
    }
    # Their constructors take something else, and make their text themselves.
    classes = coded_classes(trees) - {
        "NoStartTokenError", "TokensWithoutVectorsError", "ModelRefusedError",
    }  # fmt: skip
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in classes
                and not (node.keywords and passes_on(path, node))
            ):
                found.append(Call(f"{path}:{node.lineno}", node))
    return found


def test_all_are_found() -> None:
    """Else the tests below would prove nothing."""
    assert len(calls()) > 80
    codes = {call.code.value for call in calls() if isinstance(call.code, ast.Constant)}
    assert codes >= {
        "heads.indivisible", "plan.too_large", "task.empty", "cells.no_base64", "file.lacks",
        "model.not_installed", "model.no_vectors", "recorder.no_projection", "gguf.kind",
        "grid.points", "cost.silent", "cluster.no_workers", "sweep.died", "cache.not_kept",
        "training.diverged",
    }  # fmt: skip


def test_code_and_template_are_literals() -> None:
    """So that the tools of gettext find each template where it stands."""
    for call in calls():
        for part in (call.code, call.template):
            assert isinstance(part, ast.Constant), call.where
            assert isinstance(part.value, str), call.where


def test_a_template_has_a_placeholder_for_each_value_and_no_other() -> None:
    for call in calls():
        template = ast.literal_eval(call.template)
        placeholders = {name for _text, name, _spec, _how in Formatter().parse(template) if name}
        assert placeholders == {keyword.arg for keyword in call.node.keywords}, call.where


def test_no_value_is_words_of_english() -> None:
    """A value is shown as it is in every language, so it may be a number or a name."""
    for call in calls():
        for keyword in call.node.keywords:
            nodes = list(ast.walk(keyword.value))
            keys = [node.slice for node in nodes if isinstance(node, ast.Subscript)]
            for node in nodes:
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    assert node in keys or not any(map(str.isalpha, node.value)), call.where


def test_a_code_is_of_one_sentence() -> None:
    codes = Counter(ast.literal_eval(call.code) for call in calls())
    assert [code for code, count in codes.items() if count > 1] == []


def test_a_text_is_its_template_with_its_values() -> None:
    why = CodedText("why", "no {thing!r}", thing="x")
    text = CodedText(
        "code", "{count:,} of {names}, up to {most:.2g} GB: {why}",
        count=1234, names=("a", "b"), most=2.345, why=why,
    )  # fmt: skip
    assert str(text) == "1,234 of a, b, up to 2.3 GB: no 'x'"


def test_a_text_is_said_in_another_language_and_so_is_one_within_it() -> None:
    german = {"{who} is late: {why}": "{why}, darum kommt {who} spät", "it {what}s": "es {what}t"}
    text = CodedText(
        "late", "{who} is late: {why}", who="Ada", why=CodedText("w", "it {what}s", what="schnei")
    )
    assert text.said(german.__getitem__) == "es schneit, darum kommt Ada spät"


def test_equal_texts_are_one_reason() -> None:
    texts = [CodedText("a", "{n} of them", n=n) for n in (1, 2, 1)]
    assert Counter(texts) == {texts[0]: 2, texts[1]: 1}
    assert texts[0] != CodedText("b", "{n} of them", n=1)
    assert texts[0] != "1 of them"


@pytest.mark.parametrize(
    "error",
    [
        CodedValueError("a.b", "{n:,} of {names}", n=1000, names=("x", "y")),
        SchedulerUnreachableError(
            "c", "at {address}: {why}", address="tcp://x", why=CodedText("d", "off")
        ),
        TokensWithoutVectorsError("bert", ["[A]", "[B]"], 7),
        NoStartTokenError("t5"),
        ModelRefusedError("no folder", "gone", {"needed": "2 GiB"}),
    ],
)
def test_an_error_comes_whole_from_another_process(error: CodedError) -> None:
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is type(error)
        assert str(again) == str(error) != ""
        assert again.text == error.text
        assert vars(again) == vars(error)


def test_an_error_is_what_the_built_in_ones_are() -> None:
    with pytest.raises(ValueError, match=r"^3 is too many$"):
        raise CodedValueError("many", "{n} is too many", n=3)
    with pytest.raises(OSError, match=r"^nobody at x$"):
        raise SchedulerUnreachableError("nobody", "nobody at {address}", address="x")
