"""What a link to the Lab may hold, and how a stranger's values are repaired."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.results import METRICS
from ui.pages.lab.parameters import LISTS, METRIC_NAMES, MOST_LIST_TEXT, NumberList
from ui.pages.lab.parameters import PARAMETERS as LAB
from ui.pages.lab.presets import PRESETS

HEADS = LISTS["head_counts"]
RATES = LISTS["learn_rates"]


def read(key: str, text: str) -> tuple[object, str | None]:
    return LAB[key].read(key, text)


@pytest.mark.parametrize(
    ("text", "used", "refused"),
    [
        ("1, 2, 4, 8", (1, 2, 4, 8), []),
        ("1,2,x", (1, 2), ["x"]),
        ("4;2,4", (4, 2), []),
        (" ,, 3 ,", (3,), []),
        ("0, 17, 16, -1, 1.5, 1e0", (16, 1), ["0", "17", "-1", "1.5"]),
        ("nan, inf, 1e999", (), ["nan", "inf", "1e999"]),
        ("", (), []),
        ("٣", (3,), []),  # a digit in Arabic is one
    ],
)
def test_a_list_of_heads_uses_what_it_understands(
    text: str, used: tuple[int, ...], refused: list[str]
) -> None:
    assert HEADS.read(text) == (used, refused)


def test_learning_rates_need_not_be_whole() -> None:
    assert RATES.read("0.003, 3e-3, 1e-9") == ((0.003,), ["1e-9"])


def test_a_list_has_an_end() -> None:
    few = NumberList(1, 100, most=2)
    assert few.read("5, 6, 7, 5") == ((5, 6), ["7"])


@given(st.text(max_size=400))
def test_whatever_is_typed_leaves_numbers_within_the_limits(text: str) -> None:
    for key, accepted in LISTS.items():
        values, _refused = accepted.read(text)
        assert all(accepted.low <= value <= accepted.high for value in values)
        assert len(values) == len(set(values)) <= accepted.most
        again, refused = accepted.read(accepted.write(values))
        assert refused == []
        assert len(again) == len(values)
        value, _message = read(key, text)
        assert len(str(value)) <= MOST_LIST_TEXT


def test_a_link_s_list_is_repaired_and_says_so() -> None:
    assert read("head_counts", "1,2,4") == ("1,2,4", None)
    used, message = read("head_counts", "1,2,x")
    assert used == "1, 2"
    assert message == (
        "The link's head_counts ` 1,2,x ` has parts that can't be used (whole numbers from 1 to "
        "16). Using 1, 2."
    )
    assert read("head_counts", "x")[0] == LAB["head_counts"].default


def test_several_options_are_read_by_word_or_identifier_in_the_page_s_order() -> None:
    assert read("scales", "none,head_dim") == ("head_dim,none", None)
    assert read("masks", "every n-th,CAUSAL") == ("causal,strided", None)
    used, message = read("schemes", "rotary,wings")
    assert used == "rotary"
    assert message is not None
    assert message.endswith("ALiBi. Using rotary.")
    assert read("schemes", "wings")[0] == "none"
    assert read("schemes", "")[0] == "none"
    assert read("masks", "custom")[0] == "none"  # nobody paints masks for a sweep


def test_measures_are_those_of_a_sweep() -> None:
    assert set(METRIC_NAMES) == set(METRICS["mechanism"])


def test_each_parameter_s_default_and_each_preset_is_a_valid_link() -> None:
    for key, parameter in LAB.items():
        if parameter.default is not None:
            assert read(key, str(parameter.default)) == (parameter.default, None)
    for preset in PRESETS.values():
        assert preset.keys() <= LAB.keys()
        for key, value in preset.items():
            assert read(key, str(value)) == (value, None)
