"""Explore's examples: what one sets, the next one puts back. Pretrained's: see its own tests."""

from streamlit.testing.v1 import AppTest

from tests.ui.helpers import change, go_back, open_app, value
from tests.ui.pages.pretrained.helpers import needs_minilm

pytestmark = needs_minilm
# What "Similar meanings" sets beside its sentence, that isn't as a page opens.
SIMILAR = {"vectors": "minilm", "projection": "identity", "heads": 1, "temperature": 5.0}


def chosen(at: AppTest) -> dict[str, object]:
    return {key: value(at, key) for key in SIMILAR}


def take(at: AppTest, name: str) -> AppTest:
    return change(at, example=name)


def test_the_next_example_has_what_was_chosen_before_the_first() -> None:
    at = open_app("heads=4&temperature=2&seed=3")
    take(at, "similar_meanings")
    assert chosen(at) == SIMILAR
    take(at, "chinese")
    assert chosen(at) == {
        "vectors": "hashed", "projection": "full", "heads": 4, "temperature": 2.0,
    }  # fmt: skip
    assert value(at, "seed") == 3
    assert value(at, "text").startswith("我喜欢猫")


def test_an_example_taken_twice_forgets_nothing() -> None:
    at = open_app("heads=4")
    for name in ("similar_meanings", "similar_meanings", "garden_path"):
        take(at, name)
    assert chosen(at) == {**SIMILAR, "vectors": "hashed", "projection": "full", "heads": 4,
                          "temperature": 1.0}  # fmt: skip


def test_what_somebody_has_changed_since_stays() -> None:
    at = take(open_app("heads=4"), "similar_meanings")
    change(at, heads=2, temperature=3.0)
    take(at, "english")
    assert (value(at, "heads"), value(at, "temperature")) == (2, 3.0)
    assert value(at, "projection") == "full"


def test_marks_of_the_old_sentence_are_gone() -> None:
    at = take(open_app("text=a+b+c&q=1&k=2"), "english")
    assert (value(at, "q"), value(at, "k")) == (None, None)


def test_one_action_takes_and_puts_back() -> None:
    at = take(open_app("text=a+b&heads=4"), "similar_meanings")
    before = at.session_state["_session"].entries
    take(at, "repeated_words")
    assert at.session_state["_session"].entries == before + 1
    go_back(at, "explore", "text=a+b&heads=4&temperature=5")
    take(at, "english")
    assert (value(at, "heads"), value(at, "temperature")) == (4, 5.0)
