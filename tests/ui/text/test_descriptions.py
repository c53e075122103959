"""The lines that say what pictures are: one for each, short, with their terms explained."""

import re

import pytest

from ui.choices.options import BETWEEN_TOKENS, COMPARE_VIEWS
from ui.pages.compare.descriptions import describe_comparison
from ui.pages.explore.tests_view import DESCRIPTIONS as TESTS
from ui.pages.lab.words import DESCRIPTIONS as LAB
from ui.pages.learn.description import WATCHED
from ui.pages.pretrained import finder_view, next_token_view, similarity_view, writers_view
from ui.text.descriptions import Description
from ui.text.glossary import GLOSSARY
from ui.views import cell, head, numbers
from ui.views.descriptions import OVERVIEWS, STAGES
from viz.theme import DARK, LIGHT

EVERY = [
    *STAGES.values(),
    *OVERVIEWS.values(),
    *TESTS.values(),
    *LAB.values(),
    WATCHED,
    *(
        module.DESCRIPTION
        for module in (
            *(cell, head, numbers, finder_view, next_token_view, similarity_view, writers_view),
        )
    ),
    *(describe_comparison(view, stage) for view in COMPARE_VIEWS for stage in BETWEEN_TOKENS),
]
LONGEST = 160  # characters that stand in a line on a projector


def plainly(text: str) -> str:
    return re.sub(r":[qkv]\[([^\]]*)\]", r"\1", text)


@pytest.mark.parametrize("described", EVERY, ids=lambda each: each.sentence[:20])
def test_a_line_is_short_and_its_terms_are_explained(described: Description) -> None:
    sentence = plainly(described.sentence)
    assert len(sentence + plainly(described.formula)) <= LONGEST
    assert sentence.endswith((".", "?"))
    assert set(described.terms) <= GLOSSARY.keys()
    standing = {
        name
        for name, term in GLOSSARY.items()
        for form in (term.name, *term.also)
        if len(form) > 2 and re.search(rf"(?<![\w-]){form}(?![\w-])", sentence, re.IGNORECASE)
    }
    assert standing <= {*described.terms}


def test_a_line_has_the_pages_colours_and_its_formula() -> None:
    line = Description("The :q[query] looks.", "Q·:k[K]ᵀ", ("query",))
    assert line.line(LIGHT) == (
        f'The :color[query]{{foreground="{LIGHT.query}"}} looks.'
        f'\u2003**Q·:color[K]{{foreground="{LIGHT.key}"}}ᵀ**'
    )
    assert line.line(DARK) != line.line(LIGHT)
    assert line.explained() == f"**Query**: {GLOSSARY['query'].explanation}\u2003**Q = X·W_Q**"
    assert Description("Nothing.").line(DARK) == "Nothing."
    assert Description("Nothing.").explained() is None
