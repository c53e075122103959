"""A side of a comparison as text: written, read, repaired, whoever wrote it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui.test_link_hostile import HOSTILE
from ui.parameters import ONLY_SHOWN, PAGES, SIDES, compared, read_side
from ui.settings import MASKS, POSITIONS, head_choices
from ui.sides import Side, fitted

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


@given(chosen_values)
def test_what_is_written_is_read_back(values: dict[str, object]) -> None:
    side = Side.of("explore", values)
    page, chosen, messages = read_side(side.text)
    assert (page, messages) == ("explore", [])
    assert Side.of(page, chosen) == side


@pytest.mark.parametrize("page", SIDES)
def test_defaults_are_not_written_and_what_is_only_shown_is_none_of_a_side(page: str) -> None:
    assert Side.of(page, {key: each.default for key, each in PAGES[page].items()}).text == page
    assert not ONLY_SHOWN & compared(page).keys()
    seen = Side.of(page, {"view": "cell", "q": 3, "head": 1, "stage": "energy"})
    assert seen.text == page


def test_a_bare_page_is_a_side_and_nothing_else_is() -> None:
    assert read_side("learn") == ("learn", {}, [])
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


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("page", SIDES)
def test_a_hostile_value_is_repaired_and_told(page: str, text: str) -> None:
    text = text.encode(errors="replace").decode()
    query = "&".join(f"{key}={text}" for key in PAGES[page] if key != "seed")
    found, chosen, messages = read_side(f"{page}?{query}&seed=1e9999")
    side, _unfit = fitted(Side.of(found, chosen))
    assert messages
    again = read_side(side.text)
    assert again[2] == []
    assert Side.of(*again[:2]) == side


@given(chosen_values)
def test_sizes_that_do_not_go_together_are_brought_together_with_a_message(
    values: dict[str, object],
) -> None:
    side = Side.of("explore", values)
    fit, messages = fitted(side)
    assert fit.value("heads") in head_choices(fit.value("embed_size"))
    assert fit.value("layer") < fit.value("layers")
    assert bool(messages) == (fit != side)
    assert fitted(fit) == (fit, [])


def test_the_message_of_a_repair_names_both_numbers() -> None:
    _side, messages = fitted(Side.of("explore", {"heads": 7, "layer": 3}))
    assert messages == [
        "heads 7 doesn't fit the other choices; using the nearest, 8.",
        "layer 3 doesn't fit the other choices; using the nearest, 0.",
    ]


@pytest.mark.parametrize(
    ("page", "asked", "used"),
    [("learn", 8, 8), ("learn", 16, 8), ("learn", 9, 8), ("explore", 16, 16), ("explore", 15, 16)],
)
def test_a_model_that_is_trained_has_eight_heads_at_most(page: str, asked: int, used: int) -> None:
    fit, messages = fitted(Side(page, {"heads": asked, "embed_size": 64}))
    assert fit.value("heads") == used
    assert len(messages) == (asked != used)


@pytest.mark.parametrize(("asked", "used"), [("8", 8), ("9", 8), ("16", 8), ("0", 1)])
def test_a_link_may_ask_learn_for_one_to_eight_heads(asked: str, used: int) -> None:
    page, chosen, messages = read_side(f"learn?heads={asked}&embed_size=64")
    assert (page, chosen["heads"]) == ("learn", used)
    assert len(messages) == (asked != str(used))
