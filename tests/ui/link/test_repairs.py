"""Links whose values contradict each other, and links that must survive their own repair."""

import numpy as np
import pytest
from streamlit.runtime.state.query_params import _coerce_value_for_query_url
from streamlit.testing.v1 import AppTest

from tests.defaults import run_of
from tests.matrix import matrix
from tests.ui.helpers import change, control, link, notices, numbers, open_app


def reload(page: AppTest) -> AppTest:
    """Open what is in the URL in a new window."""
    return open_app(link(**page.query_params))


@pytest.mark.parametrize(
    ("query", "used", "notice"),
    [
        ("heads=7", 8, "7 heads don't divide an embedding of 64; using the nearest, 8."),
        ("heads=3", 2, "3 heads don't divide an embedding of 64; using the nearest, 2."),
        ("heads=12", 8, "12 heads don't divide an embedding of 64; using the nearest, 8."),
        ("heads=8&embed_size=60", 6,
         "8 heads don't divide an embedding of 60; using the nearest, 6."),
        ("heads=16&embed_size=8", 8,
         "16 heads don't divide an embedding of 8; using the nearest, 8."),
        ("heads=5&embed_size=13", 1,
         "5 heads don't divide an embedding of 13; using the nearest, 1."),
        ("heads=9&embed_size=511", 7,
         "9 heads don't divide an embedding of 511; using the nearest, 7."),
        ("embed_size=13", 13, "8 heads don't divide an embedding of 13; using the nearest, 13."),
    ],
)  # fmt: skip
def test_heads_that_do_not_divide_the_embedding_become_the_nearest_that_do(
    query: str, used: int, notice: str
) -> None:
    page = open_app(query)
    assert notices(page) == [notice]
    assert control(page, "heads").value == used
    embed_size = control(page, "embed_size").value
    run = run_of(heads=used, embed_size=embed_size)
    np.testing.assert_array_equal(numbers(page), run.attention().field("weights"))
    assert embed_size % used == 0


@matrix(2, "embed_size", [13, 30, 60, 511])
def test_any_head_count_survives_a_reload(embed_size: int) -> None:
    choices = [n for n in range(1, 17) if embed_size % n == 0]
    for heads in choices:
        page = open_app(f"embed_size={embed_size}&heads={heads}")
        assert control(page, "heads").value == heads
        again = reload(page)
        assert control(again, "heads").value == heads, f"{page.query_params} of {embed_size}"


def test_a_notice_names_what_the_link_asked_for() -> None:
    assert "100" in notices(open_app("heads=100&embed_size=30"))[0]


def test_a_fraction_becomes_the_nearest_whole_number() -> None:
    page = open_app("embed_size=64.9")
    assert "The link asks for embed_size ` 64.9 `; using the nearest, 65." in notices(page)
    assert control(page, "embed_size").value == 65
    page = open_app("seed=2.4")
    assert notices(page) == ["The link asks for seed ` 2.4 `; using the nearest, 2."]
    assert control(page, "seed").value == 2


def test_a_sentence_that_is_not_there_becomes_the_last_one_also_in_the_link() -> None:
    page = open_app("text=a&text2=b&sentence=4")
    assert notices(page) == ["There is no sentence 4; showing sentence 2."]
    assert control(page, "sentence").value == 2
    assert page.query_params == {"text": "a", "text2": "b", "sentence": "2"}


def test_a_sentence_beyond_the_only_one_is_told() -> None:
    page = open_app("text=a&sentence=3")
    assert len(notices(page)) == 1
    assert "sentence" in notices(page)[0]
    assert page.query_params == {"text": "a"}


@pytest.mark.parametrize("value", [0.1, 0.5, 2.0, 5.0])
def test_a_temperature_is_in_the_link_as_streamlit_writes_it(value: float) -> None:
    (written,) = _coerce_value_for_query_url([value], "double_array_value")
    assert open_app(f"temperature={written}").query_params == {"temperature": written}
    assert open_app(f"temperature={value}").query_params == {"temperature": written}


@pytest.mark.parametrize(
    "text", ["head", "heads", "qkv", "head_outputs", "causal_padding", "none", "weights", "2"]
)
@pytest.mark.parametrize("key", ["text", "text3"])
def test_a_sentence_may_be_any_word_also_one_that_names_an_option(key: str, text: str) -> None:
    page = open_app(link(**{key: text}))
    assert control(page, key).value == text
    assert page.query_params == {key: text}
    assert notices(page) == []


def test_a_notice_goes_when_its_control_is_changed_and_the_others_stay() -> None:
    page = open_app("heads=100&seed=-1&mask=no")
    assert len(notices(page)) == 3
    change(page, heads=4)
    assert [n.split()[4] for n in notices(page)] == ["seed", "mask"]
    change(page, view="numbers")
    assert len(notices(page)) == 2
    change(page, seed=1, mask="causal")
    assert notices(page) == []
    change(page, heads=16, seed=0, mask="none")  # the same values, but chosen this time
    assert notices(page) == []


def test_an_embedding_that_the_heads_do_not_divide_gets_the_nearest_count_and_a_notice() -> None:
    page = open_app()
    change(page, embed_size=30)
    assert notices(page) == ["8 heads don't divide an embedding of 30; using the nearest, 6."]
    assert control(page, "heads").value == 6
    assert control(page, "heads").options == ["1", "2", "3", "5", "6", "10", "15"]
    run = run_of(heads=6, embed_size=30)
    np.testing.assert_array_equal(numbers(page), run.attention().field("weights"))
    change(page, heads=5)
    assert notices(page) == []
    np.testing.assert_array_equal(
        numbers(page), run_of(heads=5, embed_size=30).attention().field("weights")
    )


def test_an_embedding_that_the_heads_divide_leaves_them_alone() -> None:
    page = open_app("heads=4")
    for embed_size in (8, 20, 64, 512, 12):
        change(page, embed_size=embed_size)
        assert control(page, "heads").value == 4
        assert notices(page) == []
        assert len(numbers(page)) == 4


def test_the_heads_that_were_wanted_come_back_with_an_embedding_that_allows_them() -> None:
    page = open_app()
    for embed_size, heads in ((30, 6), (20, 10), (32, 8), (12, 6), (64, 8)):
        change(page, embed_size=embed_size)
        assert control(page, "heads").value == heads
        said = f"8 heads don't divide an embedding of {embed_size}; using the nearest, {heads}."
        assert notices(page) == ([] if heads == 8 else [said])


def test_the_notice_names_the_embedding_that_there_is_now() -> None:
    page = open_app()
    change(page, embed_size=30)
    change(page, embed_size=60)  # for which 6 is the nearest, too
    assert notices(page) == ["8 heads don't divide an embedding of 60; using the nearest, 6."]


def test_heads_that_were_chosen_meanwhile_are_those_that_are_wanted() -> None:
    page = open_app()
    change(page, embed_size=30)
    change(page, heads=3)
    change(page, embed_size=48)
    assert control(page, "heads").value == 3
    change(page, embed_size=64)
    assert control(page, "heads").value == 2
    assert notices(page) == ["3 heads don't divide an embedding of 64; using the nearest, 2."]
