"""A side of a comparison as text: written, read, repaired, whoever wrote it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.matrix import matrix
from tests.ui.link.hostile import HOSTILE
from ui.choices.options import MASKS, POSITIONS
from ui.choices.sizes import head_choices
from ui.frame.page import Page
from ui.link.side import Side, computing
from ui.pages.compare.comparable import COMPARABLE, comparable
from ui.pages.compare.side import read_side

sizes = st.sampled_from([8, 16, 60, 64, 512])
chosen_values = st.fixed_dictionaries(
    {},
    optional={
        "text": st.text(max_size=40).filter(lambda text: "\ud800" not in text),
        "heads": st.integers(1, 16),
        "embed_size": sizes,
        "layers": st.integers(1, 12),
        "layer": st.integers(0, 11),
        "mask": st.sampled_from(MASKS),
        "look_ahead": st.booleans(),
        "positions": st.sampled_from(POSITIONS),
        "temperature": st.integers(1, 50).map(lambda tenths: tenths / 10),
        "seed": st.integers(0, 2**31 - 1),
    },
)

# What is about the picture alone, and not about what is computed.
ONLY_SHOWN = {
    *("view", "stage", "overview", "head_scale", "head", "q", "k", "pattern"),
    *("test", "changed", "other", "shuffle", "same_word"),
    *("words", "special", "first", "rest", "color_scale", "color_end"),
    *("weights", "pace", "story", "kept"),
}


def page_named(name: str) -> Page:
    return COMPARABLE[name].page


def fitted(side: Side) -> tuple[Side, list[str]]:
    return comparable(side).fit(side)


@given(chosen_values)
def test_what_is_written_is_read_back(values: dict[str, object]) -> None:
    side = Side.of(page_named("explore"), values)
    assert read_side(side.text) == (side, [])


@pytest.mark.parametrize("name", COMPARABLE)
def test_defaults_are_not_written_and_what_is_only_shown_is_none_of_a_side(name: str) -> None:
    page = page_named(name)
    defaults = {key: each.default for key, each in page.parameters.items()}
    assert Side.of(page, defaults).text == name
    assert not ONLY_SHOWN & computing(page).keys()
    seen = Side.of(page, {"view": "cell", "q": 3, "head": 1, "stage": "energy"})
    assert seen.text == name


def test_a_bare_page_is_a_side_and_nothing_else_is() -> None:
    assert read_side("learn") == (Side(page_named("learn"), {}), [])
    for text in (
        "",
        "lab?text=x",
        "compare?a=explore",
        "?heads=4",
        "https://example.org/",
        *HOSTILE.values(),
    ):
        with pytest.raises(ValueError, match="it must begin with one of explore, encoder-decoder"):
            read_side(text)


@matrix(3, "text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("page", COMPARABLE)
def test_a_hostile_value_is_repaired_and_told(page: str, text: str) -> None:
    text = text.encode(errors="replace").decode()
    query = "&".join(f"{key}={text}" for key in computing(page_named(page)) if key != "seed")
    found, messages = read_side(f"{page}?{query}&seed=1e9999")
    side, _unfit = fitted(found)
    assert messages
    assert read_side(side.text) == (side, [])


@given(chosen_values)
def test_sizes_that_do_not_go_together_are_brought_together_with_a_message(
    values: dict[str, object],
) -> None:
    side = Side.of(page_named("explore"), values)
    fit, messages = fitted(side)
    assert fit.value("heads") in head_choices(fit.value("embed_size"))
    assert fit.value("layer") < fit.value("layers")
    assert bool(messages) == (fit != side)
    assert fitted(fit) == (fit, [])


def test_the_message_of_a_repair_names_both_numbers() -> None:
    _side, messages = fitted(Side.of(page_named("explore"), {"heads": 7, "layer": 3}))
    assert messages == [
        "heads 7 doesn't fit the other choices; using the nearest, 8.",
        "layer 3 doesn't fit the other choices; using the nearest, 0.",
    ]


@pytest.mark.parametrize(
    ("page", "asked", "used"),
    [("learn", 8, 8), ("learn", 16, 8), ("learn", 9, 8), ("explore", 16, 16), ("explore", 15, 16)],
)
def test_a_model_that_is_trained_has_eight_heads_at_most(page: str, asked: int, used: int) -> None:
    fit, messages = fitted(Side(page_named(page), {"heads": asked, "embed_size": 64}))
    assert fit.value("heads") == used
    assert len(messages) == (asked != used)


@pytest.mark.parametrize(("asked", "used"), [("8", 8), ("9", 8), ("16", 8), ("0", 1)])
def test_a_link_may_ask_learn_for_one_to_eight_heads(asked: str, used: int) -> None:
    side, messages = read_side(f"learn?heads={asked}&embed_size=64")
    assert (side.page.name, side.value("heads")) == ("learn", used)
    assert len(messages) == (asked != str(used))
