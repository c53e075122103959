"""What reads a link's values, and the words for options: on any text at all."""

import math
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from streamlit.runtime.state.query_params import parse_url_param

from ui.link import DEFAULTS, READERS, _as_written
from ui.options import find_option, word
from ui.settings import (
    MASKS,
    POSITIONS,
    PROJECTIONS,
    SCALES,
    STAGES,
    TEXT_KEYS,
    TOKENIZERS,
    VIEWS,
)
from ui.text import verbatim

OPTIONS: dict[str, tuple[str, ...]] = {
    "mask": MASKS, "projection": PROJECTIONS, "scale": SCALES, "tokenizer": TOKENIZERS,
    "positions": POSITIONS, "stage": STAGES, "view": VIEWS,
}  # fmt: skip
RANGES = {
    "heads": (1, 16), "embed_size": (8, 512), "temperature": (0.1, 5.0), "seed": (0, 2**31 - 1),
    "sentence": (1, 4), "head": (0, 15), "q": (0, 511), "k": (0, 511),
}  # fmt: skip

numberlike = st.one_of(
    st.text(),
    st.integers().map(str),
    st.floats().map(str),
    st.from_regex(r"\A[ +-]?[\d_]{0,30}[.eE]?[+-]?\d{0,5}\Z"),
)


def test_every_parameter_has_a_default_a_reader_and_a_kind() -> None:
    assert set(DEFAULTS) == set(READERS) == {*OPTIONS, *RANGES, *TEXT_KEYS, "head_scale"}


@pytest.mark.parametrize("key", RANGES)
@given(text=numberlike)
@example(text="1e9999")
@example(text="-inf")
@example(text="٣")
@example(text="1_0")
@example(text="９" * 400)
def test_a_number_is_read_within_its_range_or_told(key: str, text: str) -> None:
    low, high = RANGES[key]
    value, message = READERS[key](key, text)
    if value is None:
        assert DEFAULTS[key] is None
    else:
        assert low <= value <= high
        assert type(value) is (float if key == "temperature" else int)
    if message is None:
        assert value == float(text)
    else:
        assert message.startswith(f"The link asks for {key} ")
        assert message.endswith(f" {'none' if value is None else value}.")


@pytest.mark.parametrize("key", OPTIONS)
@given(text=st.text())
def test_an_option_is_one_of_those_there_are_or_told(key: str, text: str) -> None:
    value, message = READERS[key](key, text)
    assert value in OPTIONS[key]
    if message is None:
        assert text.strip().casefold() in (value.casefold(), word(value).casefold())
    else:
        assert value == DEFAULTS[key]
        assert message.endswith(f"Using {word(value)}.")


@given(text=st.text())
def test_a_flag_is_read_or_told(text: str) -> None:
    value, message = READERS["head_scale"]("head_scale", text)
    assert isinstance(value, bool)
    assert (message is None) == (text.strip().lower() in ("true", "false", "0", "1"))


@pytest.mark.parametrize("key", OPTIONS)
def test_an_option_is_found_by_its_word_and_its_identifier(key: str) -> None:
    for option in OPTIONS[key]:
        for text in (option, word(option), option.upper(), f"  {word(option).title()} "):
            assert find_option(text, OPTIONS[key]) == option
    words = [word(option) for option in OPTIONS[key]]
    assert len({w.casefold() for w in words}) == len(words)
    assert find_option("", OPTIONS[key]) is None


SAMPLES: dict[str, list[Any]] = {
    **{key: list(options) for key, options in OPTIONS.items()},
    **{key: list(limits) for key, limits in RANGES.items()},
    "head_scale": [True, False],
}


@pytest.mark.parametrize("key", SAMPLES)
def test_what_is_written_into_the_url_is_read_back_without_a_word(key: str) -> None:
    for value in SAMPLES[key]:
        assert READERS[key](key, _as_written(key, value)) == (value, None)


def test_a_flag_is_written_as_streamlit_reads_it() -> None:
    assert [parse_url_param(_as_written("head_scale", v), "bool_value") for v in (True, False)] == [
        True,
        False,
    ]


@given(st.text(max_size=60))
@example("`")
@example("a``b```c")
@example("x" * 39 + "``")
@example("\n\n# a\r\n===")
def test_a_strangers_text_is_code_that_it_cannot_end(text: str) -> None:
    code = verbatim(text)
    found = re.fullmatch("(?P<fence>`+) (.*) (?P=fence)", code, re.DOTALL)
    assert found is not None, code
    assert found["fence"] not in re.findall("`+", found[2])
    assert len(found[2]) <= 40
    assert not re.search("[\n\r\x00-\x1f]", found[2])
    if text.isprintable() and len(text) <= 40 and not text.isspace():
        assert found[2] == text


def test_the_range_of_the_seed_is_what_a_32_bit_number_holds() -> None:
    assert READERS["seed"]("seed", str(2**31 - 1)) == (2**31 - 1, None)
    assert READERS["seed"]("seed", str(2**31))[1] is not None
    assert not math.isnan(READERS["seed"]("seed", "nan")[0])
