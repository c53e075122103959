"""What reads a link's values, and the words for options: on any text at all."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from streamlit.runtime.state.query_params import parse_url_param

from lessons.shelf import lessons
from model.head_finder import PATTERNS
from model.masks import decode_cells
from model.tasks import TASKS
from tests.matrix import examples, matrix
from tests.ui.helpers import PARAMETERS
from ui.choices.limits import MOST_ADDED, MOST_INTERVENTIONS
from ui.choices.options import (
    ACTIVATIONS,
    BETWEEN_TOKENS,
    COLOR_SCALES,
    COMPARE_VIEWS,
    EFFECTS,
    KINDS,
    LEARN_VIEWS,
    MASKS,
    NORM_ORDERS,
    OVERVIEWS,
    PACES,
    PAIR_MASKS,
    PAIR_VIEWS,
    PATCHED,
    POSITIONS,
    PRETRAINED_VIEWS,
    PROJECTIONS,
    SCALES,
    STAGES,
    TESTS,
    TEXT_KEYS,
    TOKENIZERS,
    VECTORS,
    VIEWS,
    WEIGHTS,
)
from ui.link.common_parameters import SHARED as TAKEN_ALONG
from ui.link.links import as_written
from ui.link.page import UNCHOSEN
from ui.pages import PAGES
from ui.pages.lab.parameters import (
    AMOUNTS,
    AXES,
    CHOICES,
    LAB_VIEWS,
    LEARN_PICTURES,
    LISTS,
    METRIC_NAMES,
    PICTURES,
)
from ui.pages.learn.stories import STORIES
from ui.runs.model_store import model_choices
from ui.text.markdown import verbatim
from ui.text.option_names import find_option, word

LESSON: dict[str, tuple[str, ...]] = {"lesson": tuple(lessons())}
SHARED: dict[str, tuple[str, ...]] = {
    **LESSON,
    "projection": PROJECTIONS, "scale": SCALES, "tokenizer": TOKENIZERS, "positions": POSITIONS,
    "norm_order": NORM_ORDERS, "activation": ACTIVATIONS, "stage": STAGES, "overview": OVERVIEWS,
    "vectors": VECTORS, "color_scale": COLOR_SCALES,
}  # fmt: skip
OPTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "start": {**LESSON},
    "explore": {**SHARED, "weights": WEIGHTS, "mask": MASKS, "view": VIEWS, "test": TESTS},
    "encoder-decoder": {
        **SHARED, "weights": WEIGHTS, "mask": PAIR_MASKS, "view": PAIR_VIEWS, "kind": KINDS,
    },
    "pretrained": {
        "effect": EFFECTS,
        **LESSON,
        "stage": STAGES, "overview": OVERVIEWS, "model": model_choices(), "view": PRETRAINED_VIEWS,
        "kind": KINDS, "pattern": PATTERNS, "color_scale": COLOR_SCALES,
    },
    "learn": {
        **LESSON,
        "stage": STAGES, "overview": OVERVIEWS, "view": LEARN_VIEWS, "kind": KINDS,
        "task": tuple(TASKS), "positions": POSITIONS, "scale": SCALES, "pace": PACES,
        "story": tuple(STORIES), "color_scale": COLOR_SCALES,
    },
    "compare": {
        **LESSON,
        "side": ("a", "b"), "stage": BETWEEN_TOKENS, "view": COMPARE_VIEWS,
        "patch": PATCHED, "color_scale": COLOR_SCALES,
    },
    "lab": {
        **LESSON,
        "view": LAB_VIEWS, "tokenizer": TOKENIZERS, "metric": METRIC_NAMES, "picture": PICTURES,
        "along": AXES, "line": AXES, "panel": AXES, "task": tuple(TASKS),
        "learn_picture": LEARN_PICTURES, "amount": AMOUNTS,
    },
}  # fmt: skip
SHARED_RANGES: dict[str, tuple[float, float]] = {
    "layers": (1, 12), "heads": (1, 16), "embed_size": (8, 512), "temperature": (0.1, 5.0),
    "seed": (0, 2**31 - 1), "sentence": (1, 4), "layer": (0, 11), "head": (0, 15), "q": (0, 511),
    "k": (0, 511), "color_end": (0.001, 1.0), "step": (1, 30),
}  # fmt: skip
RANGES: dict[str, dict[str, tuple[float, float]]] = {
    "start": {"word": (0, 511), "step": (1, 30)},
    "explore": {**SHARED_RANGES, "span": (1, 64), "changed": (0, 511), "shuffle": (0, 2**31 - 1)},
    "encoder-decoder": SHARED_RANGES,
    "pretrained": {
        "layer": (0, 127), "head": (0, 127), "q": (0, 511), "k": (0, 511), "sentence": (1, 4),
        "color_end": (0.001, 1.0), "step": (1, 30), "token": (0, 2**20), "against": (0, 2**20),
    },
    "learn": {
        "heads": (1, 8), "embed_size": (8, 128), "layers": (1, 4), "learning_rate": (1e-5, 1000.0),
        "steps": (1, 3000), "seed": (0, 2**31 - 1), "at": (0, 3000), "layer": (0, 3),
        "head": (0, 7), "q": (0, 511), "k": (0, 511), "sentence": (1, 4),
        "color_end": (0.001, 1.0), "step": (1, 30),
    },
    "compare": {
        "head": (0, 127), "q": (0, 511), "k": (0, 511), "color_end": (0.001, 1.0), "step": (1, 30),
    },
    "lab": {
        "temperature": (0.1, 5.0), "span": (1, 64), "seeds": (1, 50), "steps": (1, 3000),
        "learn_seeds": (1, 50), "cost_heads": (1, 128), "cost_layers": (1, 128),
        "tokens": (1, 32_768), "step": (1, 30),
    },
}  # fmt: skip
OF_EVERY_PAGE = ("revealed", "free", "present", "notes")
FLAGS = {
    "start": ("trained", *OF_EVERY_PAGE),
    "explore": ("head_scale", "look_ahead", "same_word", *OF_EVERY_PAGE),
    "encoder-decoder": ("head_scale", "all_heads", *OF_EVERY_PAGE),
    "pretrained": (
        *("head_scale", "words", "special", "first", "rest", "together", "from_file"),
        *OF_EVERY_PAGE,
    ),
    "learn": ("head_scale", *OF_EVERY_PAGE),
    "compare": ("one_text", "all_heads", *OF_EVERY_PAGE),
    "lab": ("decoder", *OF_EVERY_PAGE),
}
FRACTIONS = ("temperature", "learning_rate", "color_end")  # the numbers that aren't whole
MAY_BE_NONE = (
    "lesson",
    "story",
    "along",
    "line",
    "panel",
)  # of these, none can be chosen, as at first
TEXTS_OF_EVERY_PAGE = ("answer", "only")
TEXTS = {
    "start": ("say", *TEXTS_OF_EVERY_PAGE),
    "explore": (*TEXT_KEYS, "other", "cells", *TEXTS_OF_EVERY_PAGE),
    "encoder-decoder": (*TEXT_KEYS, *TEXTS_OF_EVERY_PAGE),
    "pretrained": (
        *(
            "text",
            "text2",
            "added",
            "removed",
            "mean",
            "cut",
            "edge",
            "put",
            "from_text",
            "cut_edges",
        ),
        *TEXTS_OF_EVERY_PAGE,
    ),
    "learn": ("text", "kept", "cut_edges", *TEXTS_OF_EVERY_PAGE),
    "compare": ("a", "b", *TEXTS_OF_EVERY_PAGE),
    "lab": ("text", *LISTS, *CHOICES, *TEXTS_OF_EVERY_PAGE),
}


def every(of_pages: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    """Each page with each key that it has there."""
    return [(page, key) for page, keys in of_pages.items() for key in keys]


numberlike = st.one_of(
    st.text(),
    st.integers().map(str),
    st.floats().map(str),
    st.from_regex(r"\A[ +-]?[\d_]{0,30}[.eE]?[+-]?\d{0,5}\Z"),
)


@pytest.mark.parametrize("page", PARAMETERS)
def test_every_parameter_of_a_page_has_a_kind_and_a_default_of_that_kind(page: str) -> None:
    kinds = {*OPTIONS[page], *RANGES[page], *FLAGS[page], *TEXTS[page]}
    assert set(PARAMETERS[page]) == kinds
    for key, parameter in PARAMETERS[page].items():
        if key in MAY_BE_NONE:
            assert parameter.default is None, key
        elif key in OPTIONS[page]:
            assert parameter.default in OPTIONS[page][key], key
        elif key in RANGES[page]:
            low, high = RANGES[page][key]
            assert parameter.default is None or low <= parameter.default <= high, key
        else:
            assert type(parameter.default) is (bool if key in FLAGS[page] else str), key


def test_what_is_kept_between_pages_is_on_both() -> None:
    assert set(PARAMETERS["explore"]) & set(PARAMETERS["encoder-decoder"]) >= TAKEN_ALONG
    assert not {"mask", "view", "text2", "q"} & TAKEN_ALONG
    # A trained model has its own sizes: the sentence alone goes there and back.
    assert next(page for page in PAGES if page.name == "pretrained").shared == {"text"}


@matrix(18, ("page", "key"), every(RANGES))
@examples(50)
@given(text=numberlike)
@example(text="1e9999")
@example(text="-inf")
@example(text="٣")
@example(text="1_0")
@example(text="９" * 400)
def test_a_number_is_read_within_its_range_or_told(page: str, key: str, text: str) -> None:
    low, high = RANGES[page][key]
    parameter = PARAMETERS[page][key]
    value, message = parameter.read(key, text)
    if value is UNCHOSEN:
        assert parameter.can_be_unchosen
        assert not text.strip()
        assert message is None
        return
    if value is None:
        assert parameter.default is None
    else:
        assert low <= value <= high
        assert type(value) is (float if key in FRACTIONS else int)
    if message is None and key == "color_end" and not text.strip():
        assert value is None  # the largest weight
    elif message is None:
        assert value == float(text)
    else:
        assert message.startswith(f"The link asks for {key} ")
        assert message.endswith(f" {'none' if value is None else value}.")


@matrix(18, ("page", "key"), every(OPTIONS))
@examples(50)
@given(text=st.text())
def test_an_option_is_one_of_those_there_are_or_told(page: str, key: str, text: str) -> None:
    value, message = PARAMETERS[page][key].read(key, text)
    if message is None:
        assert value in OPTIONS[page][key]
        named = value if key == "lesson" else word(value)  # a lesson has no other name
        assert text.strip().casefold() in (value.casefold(), named.casefold())
    else:
        assert value == PARAMETERS[page][key].default
        assert message.endswith(f"Using {'none' if value is None else word(value)}.")


@pytest.mark.parametrize(
    ("text", "used", "told"),
    [
        ("0.003", 0.003, False),
        (" 1e-3 ", 0.001, False),
        ("1000", 1000.0, False),
        ("0.0012346", 0.001235, True),  # four digits are kept
        ("0", 1e-5, True),
        ("-inf", 1e-5, True),
        ("1e999", 1000.0, True),
        ("nan", PARAMETERS["learn"]["learning_rate"].default, True),
    ],
)
def test_a_learning_rate_by_hand(text: str, used: float, told: bool) -> None:
    read, message = PARAMETERS["learn"]["learning_rate"].read("learning_rate", text)
    assert read == used
    assert (message is not None) == told


@pytest.mark.parametrize(("page", "key"), every(FLAGS))
@given(text=st.text())
def test_a_flag_is_read_or_told(page: str, key: str, text: str) -> None:
    value, message = PARAMETERS[page][key].read(key, text)
    assert isinstance(value, bool)
    assert (message is None) == (text.strip().lower() in ("true", "false", "0", "1"))


@given(text=st.one_of(st.text(), st.from_regex(r"\A\d{1,3}\.[\w-]{0,8}\Z", fullmatch=True)))
@example(text="2.4A")
@example(text="25." + "A" * 105)
@example(text="9" * 5000 + ".AA")
@example(text="٣.gA")
def test_painted_cells_are_read_or_told(text: str) -> None:
    value, message = PARAMETERS["explore"]["cells"].read("cells", text)
    if message is None and text:
        assert value == text
        assert 1 <= len(decode_cells(text)) <= 24
    elif message is None:
        assert value == ""
    else:
        assert value == ""
        assert message.startswith("The link's custom mask `")
        assert message.endswith(". Starting with an open one.")


LISTS = {"added": (MOST_ADDED, 1, "17,4"), "removed": (MOST_INTERVENTIONS, 2, "3.1,5.0")}
listlike = st.one_of(
    st.text(),
    st.text("0123456789.,-+ e_٣²½\n", max_size=40),
    st.lists(st.integers(0, 99999).map(str)).map(",".join),
    st.lists(st.tuples(st.integers(0, 150), st.integers(0, 150)).map("{0[0]}.{0[1]}".format)).map(
        ",".join
    ),
)


@pytest.mark.parametrize("key", LISTS)
@given(text=listlike)
@example(text="٣")
@example(text="²")
@example(text="1_0")
@example(text="+1")
@example(text="-1.0")
@example(text="1.,2.0")
@example(text="9" * 5000)
@example(text=",".join(["1"] * 65))
@example(text=",".join(["1.1"] * 65))
@example(text=",,, ,")
@example(text="1\n2")
def test_a_list_of_whole_numbers_is_read_or_told(key: str, text: str) -> None:
    most, size, such_as = LISTS[key]
    value, message = PARAMETERS["pretrained"][key].read(key, text)
    assert re.fullmatch(r"(\d+(\.\d+)*(,\d+(\.\d+)*)*)?", value, re.ASCII)
    groups = [group.split(".") for group in value.split(",") if group]
    assert len(groups) <= most
    assert all(len(group) == size for group in groups)
    assert PARAMETERS["pretrained"][key].read(key, value) == (value, None)  # as it is written
    asked = [group.split(".") for group in text.split(",") if group.strip()]
    count = f"The link's {key} has {len(asked)} entries; the first {most} are used."
    if message is None or message == count:
        assert (message is None) == (len(asked) <= most)
        used = [[int(n) for n in group] for group in asked[:most]]
        assert used == [[int(n) for n in group] for group in groups]
    else:
        assert value == ""
        assert message.startswith(f"The link's {key} `")
        assert message.endswith(f"` can't be read: expected something like {such_as}.")


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("added", "13,284", "13,284"),
        ("added", " 13 , 0284,", "13,284"),
        ("added", "", ""),
        ("added", "999999999", "999999999"),
        ("added", "1000000000", None),
        ("added", "13;284", None),
        ("added", "13,x", None),
        ("added", "1.5", None),
        ("removed", "3.1,4.0", "3.1,4.0"),
        ("removed", "3.1, 04.00", "3.1,4.0"),
        ("removed", "3", None),
        ("removed", "3.1.4", None),
        ("removed", "3.", None),
        ("removed", "-3.1", None),
    ],
)
def test_lists_by_hand(key: str, text: str, value: str | None) -> None:
    read, message = PARAMETERS["pretrained"][key].read(key, text)
    assert read == (value or "")
    assert (message is None) == (value is not None)


@pytest.mark.parametrize(("key", "entry"), [("added", "17"), ("removed", "3.1")])
def test_of_a_list_that_is_too_long_the_first_are_used(key: str, entry: str) -> None:
    first = ",".join([entry] * 64)
    assert PARAMETERS["pretrained"][key].read(key, first) == (first, None)
    said = f"The link's {key} has 72 entries; the first 64 are used."
    assert PARAMETERS["pretrained"][key].read(key, f"{first}{f',{entry}' * 8}") == (first, said)
    value, message = PARAMETERS["pretrained"][key].read(
        key, f"{first},x"
    )  # wherever it can't be read
    assert value == ""
    assert message is not None
    assert "can't be read" in message


@matrix(18, ("page", "key"), every(OPTIONS))
def test_an_option_is_found_by_its_word_and_its_identifier(page: str, key: str) -> None:
    options = OPTIONS[page][key]
    for option in options:
        for text in (option, word(option), option.upper(), f"  {word(option).title()} "):
            assert find_option(text, options) == option
    words = [word(option) for option in options]
    assert len({w.casefold() for w in words}) == len(words)
    assert find_option("", options) is None


SAMPLES: dict[str, dict[str, list[Any]]] = {
    page: {
        **{key: list(options) for key, options in OPTIONS[page].items()},
        **{key: list(limits) for key, limits in RANGES[page].items()},
        **{key: [True, False] for key in FLAGS[page]},
    }
    for page in PARAMETERS
}


@matrix(18, ("page", "key"), every(SAMPLES))
def test_what_is_written_into_the_url_is_read_back_without_a_word(page: str, key: str) -> None:
    for value in SAMPLES[page][key]:
        assert PARAMETERS[page][key].read(key, as_written(value)) == (value, None)


def test_a_flag_is_written_as_streamlit_reads_it() -> None:
    assert [parse_url_param(as_written(v), "bool_value") for v in (True, False)] == [
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
    if text.isprintable() and len(text) <= 40 and any(map(str.isalnum, text)):
        assert found[2] == text


def test_the_range_of_the_seed_is_what_a_32_bit_number_holds() -> None:
    seed = PARAMETERS["explore"]["seed"]
    assert seed.read("seed", str(2**31 - 1)) == (2**31 - 1, None)
    assert seed.read("seed", str(2**31))[1] is not None
    assert not math.isnan(seed.read("seed", "nan")[0])


def test_a_link_adds_64_tokens_and_says_how_many_it_asked_for() -> None:
    added = PARAMETERS["pretrained"]["added"]
    assert added.read("added", ",".join(["7"] * 64)) == (",".join(["7"] * 64), None)
    assert added.read("added", ",".join(map(str, range(65)))) == (
        ",".join(map(str, range(64))),  # the first, not the last
        "The link's added has 65 entries; the first 64 are used.",
    )
