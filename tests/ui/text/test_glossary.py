"""The glossary: complete, short, and said in the session's own language."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ui.text.explain import explain
from ui.text.glossary import GLOSSARY
from ui.text.i18n import Language, language, speaking
from ui.text.term import Term

WANTED = """
attention, query, key, value, energy, score, weight, head, layer, head output, output, mask, causal,
temperature, embedding, head size (head_dim), scale √d, softmax, entropy, nats, spread, saturated,
residual stream, rollout, held-out, accuracy, loss, step, seed, positions, sinusoidal, rotary,
ALiBi, token, sub-word, special token, Jensen-Shannon divergence, induction, logit, parameters,
multiply-adds, norm, feed-forward
"""


def test_it_has_every_word_that_pages_use() -> None:
    assert set(re.split(r",\s+", WANTED.strip())) <= {term.name for term in GLOSSARY.values()}


@pytest.mark.parametrize("term", GLOSSARY.values(), ids=lambda term: term.name)
def test_an_explanation_is_short_and_is_a_sentence(term: Term) -> None:
    words = term.explanation.split()
    assert 5 <= len(words) <= 30
    assert term.explanation[0].isupper()
    assert term.explanation.endswith(".")


def test_terms_are_explained_in_the_order_in_which_they_are_asked_for() -> None:
    assert explain("nats", "causal", more="Try it.") == (
        "**Nats**: The unit of entropy with natural logarithms: 0.69 nats are an even choice "
        "between two.\u2003**ln 2 = 0.69**  \n"
        "**Causal**: A mask under which nobody looks ahead: each word sees itself and those "
        "before it.\n\n"
        "Try it."
    )
    assert explain() == ""


def test_a_term_is_explained_in_the_sessions_language() -> None:
    english = language("en")
    texts = {"seed": "Startwert", GLOSSARY["seed"].explanation: "Woraus der Zufall entsteht."}
    german = Language("de", texts, english.ngettext, english.locale)
    with speaking(german):
        assert explain("seed") == "**Startwert**: Woraus der Zufall entsteht."


UI = Path(__file__).parents[3] / "ui"


def controls(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """The label of each control or column that has a tooltip, and the tooltip."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            labels = [
                each.value for each in ast.walk(node.args[0]) if isinstance(each, ast.Constant)
            ]
            for keyword in node.keywords:
                if keyword.arg == "help" and labels:
                    yield str(labels[0]), keyword.value


def own_words(tree: ast.AST) -> list[str]:
    """The labels that are a term, and whose tooltip has nothing of the glossary."""
    forms = {form.casefold() for term in GLOSSARY.values() for form in (term.name, *term.also)}
    return [
        label
        for label, said in controls(tree)
        if {label.casefold(), label.casefold().removesuffix("s")} & forms
        and "explain" not in ast.unparse(said)
        and not isinstance(said, ast.Name)  # explained where it was made
    ]


def test_no_tooltip_explains_a_term_in_words_of_its_own() -> None:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in UI.rglob("*.py")}
    assert sum(len(list(controls(tree))) for tree in trees.values()) > 30
    assert {path.name: found for path, tree in trees.items() if (found := own_words(tree))} == {}


def test_words_of_its_own_are_found() -> None:
    assert own_words(ast.parse('slider(_("Temperature"), help=_("How warm it is."))')) == [
        "Temperature"
    ]
    assert own_words(ast.parse('slider(_("Temperature"), help=explain("temperature"))')) == []
    assert own_words(ast.parse('slider(_("Pace"), help=_("How fast."))')) == []
