"""Words and letters have the colours of queries, keys and values, and nothing else has."""

import pytest

from ui.text.colors import colored, colored_formula
from viz.theme import DARK, LIGHT


def test_marked_words_are_coloured() -> None:
    assert colored("A :q[query] and its :k[key]; :v[V]", LIGHT) == (
        f'A :color[query]{{foreground="{LIGHT.query}"}} and its '
        f':color[key]{{foreground="{LIGHT.key}"}}; :color[V]{{foreground="{LIGHT.value}"}}'
    )
    assert colored("[A₁·V₁]·W_O: query", DARK) == "[A₁·V₁]·W_O: query"


@pytest.mark.parametrize(
    ("formula", "letters"),
    [
        ("$QK^\\top$", "QK"),
        ("$Q = X W_Q^{(0)}$", "QQ"),
        ("$A V$", "V"),
        ("$A_k \\lVert V_k \\rVert$", "V"),
        ("$A = \\mathrm{softmax}(S)$", ""),
    ],
)
def test_the_letters_of_a_formula_are_coloured(formula: str, letters: str) -> None:
    made = colored_formula(formula, DARK)
    colors = {"Q": DARK.query, "K": DARK.key, "V": DARK.value}
    for letter in letters:
        assert f"{{\\color{{{colors[letter]}}}{letter}}}" in made
    assert made.count("\\color") == len(letters)
    for letter, color in colors.items():
        made = made.replace(f"{{\\color{{{color}}}{letter}}}", letter)
    assert made == formula
