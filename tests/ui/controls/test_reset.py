"""Reset: says what it puts back, puts back exactly that, and leaves what people have written."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.helpers import PARAMETERS, change, checked, open_app, value
from tests.ui.pages.pretrained.helpers import needs_smollm2
from ui.controls.reset import STAYS
from ui.pages.learn.parameters import PARAMETERS as LEARN
from ui.text.parameter_names import PARAMETER_NAMES

NOTHING = "Nothing to put back: every setting is as it was at first."
WITH_SETTINGS = ("explore", "encoder-decoder", "pretrained", "learn", "compare", "lab")


def reset(at: AppTest) -> object:
    return next(each for each in at.button if each.key == "reset_controls")


def press(at: AppTest) -> AppTest:
    reset(at).click()  # type: ignore[attr-defined]
    return checked(at.run())


@pytest.mark.parametrize("path", [path for path in WITH_SETTINGS if path != "lab"])
def test_a_page_that_was_just_opened_has_nothing_to_put_back(path: str) -> None:
    button = reset(open_app(path=path))
    assert button.disabled  # type: ignore[attr-defined]
    assert button.help == NOTHING  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "query", "says", "stays"),
    [
        (
            "explore",
            "text=a+b+c&heads=4&scale=none&temperature=2.5&view=head&q=1&stage=energy",
            "stage (energy → weights); heads (4 → 8); scale (none → head_dim); the temperature "
            "(2.5 → 1)",
            {"text": "a b c", "view": "head", "q": 1},
        ),
        (
            "encoder-decoder",
            "text=a+b&text2=c+d&layers=3&kind=decoder_self&look_ahead=true",
            "layers (3 → 2)",
            {"text": "a b", "text2": "c d", "kind": "decoder_self"},
        ),
        (
            "learn",
            "task=sort&heads=2&embed_size=64&learning_rate=0.003&seed=3&text=3142",
            "heads (2 → 1); the seed (3 → 0)",
            {"task": "sort", "text": "3142"},
        ),
        (
            "compare",
            "a=explore?text=a+b%26heads=2&b=explore?text=a+b%26scale=none&view=numbers",
            "side A",
            {"view": "numbers", "b": "explore?text=a b&scale=none"},
        ),
        (
            "lab",
            "text=a+b&scales=none,head_dim&seeds=7&steps=30",
            "scales (head_dim, none → head_dim); seeds (7 → 5)",
            {"text": "a b", "steps": 30},
        ),
    ],
)
def test_it_names_what_it_puts_back_and_leaves_the_rest(
    path: str, query: str, says: str, stays: dict[str, object]
) -> None:
    at = open_app(query, path=path)
    button = reset(at)
    assert button.help == f"Puts back: {says}. Sentences, and what is looked at, stay."  # type: ignore[attr-defined]
    press(at)
    assert reset(at).disabled  # type: ignore[attr-defined]
    assert {key: value(at, key) for key in stays} == stays
    if path == "compare":
        assert value(at, "a") == "explore?text=a+b"


def test_what_it_has_put_back_is_no_longer_in_the_link() -> None:
    at = press(open_app("text=a+b&heads=4&mask=causal&view=layers"))
    assert dict(at.query_params) == {"text": "a b", "view": "layers"}


def test_it_puts_back_the_task_s_own_settings() -> None:
    at = press(open_app("task=induction&layers=1&heads=4", path="learn"))
    again = open_app(path="learn")
    change(again, task="induction")
    keys = [key for key in LEARN if key != "text"]
    assert {key: value(at, key) for key in keys} == {key: value(again, key) for key in keys}
    assert value(at, "layers") == 2


@needs_smollm2
def test_of_pretrained_the_model_stays() -> None:
    at = press(open_app("model=smollm2&removed=3.1&special=false&text=a+b", path="pretrained"))
    assert [value(at, key) for key in ("model", "removed", "special")] == ["smollm2", "", True]


@pytest.mark.parametrize("path", WITH_SETTINGS)
def test_every_setting_of_every_page_has_a_name(path: str) -> None:
    assert PARAMETERS[path].keys() - STAYS <= PARAMETER_NAMES.keys()
