"""What Explore says of the change that was made last, and how that is put back."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.defaults import run_of
from tests.ui.helpers import (
    change,
    checked,
    go_back,
    go_to,
    open_app,
    send,
    strip,
    type_text,
    value,
)

TEXT = "the cat saw the dog"
SPACED = TEXT.replace(" ", "+")


def told(at: AppTest) -> str:
    return str(strip(at)["change"])


def measures(**settings: object) -> tuple[float, float]:
    """The mean entropy in nats, and the mean of each row's largest weight, over all heads."""
    weights = np.asarray(run_of(TEXT, **settings).attention().field("weights"), dtype=np.float64)
    logs = np.log(weights, out=np.zeros_like(weights), where=weights > 0)
    return float(-(weights * logs).sum(-1).mean()), float(weights.max(-1).mean())


def test_a_page_that_was_just_opened_tells_no_change() -> None:
    assert told(open_app(f"text={SPACED}&scale=none")) == ""


def test_a_change_of_the_scale_is_told_with_its_numbers() -> None:
    at = change(open_app(f"text={SPACED}"), scale="none")
    (before, largest_before), (after, largest_after) = measures(), measures(scale="none")
    assert after < before
    assert told(at) == (
        f"Dropping the scale (head_dim) makes the rows sharper: mean entropy {before:.2f} → "
        f"{after:.2f} nats, largest weight {largest_before:.0%} → {largest_after:.0%}."
    )


def test_rows_with_other_numbers_of_keys_are_compared_by_the_share_alone() -> None:
    at = change(open_app(f"text={SPACED}"), mask="causal")
    assert told(at).startswith("Adding the causal mask ")
    assert told(at).endswith(
        "of the highest (all that compares where rows have other numbers of keys)."
    )
    assert "nats" not in told(at)
    assert "largest" not in told(at)


@pytest.mark.parametrize(
    ("values", "begins"),
    [
        ({"heads": 4}, "Lowering heads from 8 to 4 "),
        ({"temperature": 2.0}, "Raising the temperature from 1 to 2 makes the rows more even"),
        ({"seed": 5}, "Another seed (0 → 5) "),
        ({"positions": "sinusoidal"}, "Adding sinusoidal positions "),
        ({"heads": 4, "embed_size": 128}, "Changing heads and the embedding "),
    ],
)
def test_what_is_told_begins_with_what_was_changed(values: dict[str, object], begins: str) -> None:
    assert told(change(open_app(f"text={SPACED}"), **values)).startswith(begins)


def test_looking_elsewhere_leaves_it_and_typing_ends_it() -> None:
    at = change(open_app(f"text={SPACED}"), scale="none")
    said = told(at)
    change(at, stage="scores")
    assert told(at) == said
    type_text(at, "something else")
    assert told(at) == ""


def test_the_next_change_takes_its_place() -> None:
    at = change(change(open_app(f"text={SPACED}"), scale="none"), mask="window")
    assert told(at).startswith("Adding the window mask ")


def test_a_slider_that_is_moved_on_is_told_from_where_it_began() -> None:
    at = open_app(f"text={SPACED}")
    for temperature in (1.5, 2.0, 3.0):
        change(at, temperature=temperature)
    assert told(at).startswith("Raising the temperature from 1 to 3 ")
    change(at, temperature=1.0)
    assert told(at) == ""  # it is as it was


def test_an_example_and_back_are_no_changes_of_a_setting() -> None:
    at = open_app(f"text={SPACED}")
    change(at, scale="none")
    go_back(at, "explore", f"text={SPACED}")
    assert told(at) == ""
    change(at, example="garden_path")
    assert told(at) == ""


def test_what_was_changed_on_another_page_is_not_told_here() -> None:
    at = open_app(f"text={SPACED}")
    go_to(at, "encoder-decoder")
    change(at, scale="none")
    go_to(at, "explore")
    assert (value(at, "scale"), told(at)) == ("none", "")


def test_it_is_put_back_with_one_action_and_nothing_else_is() -> None:
    at = open_app(f"text={SPACED}&seed=2")
    change(at, mask="causal")
    change(at, scale="none", projection="shared")
    entries = at.session_state["_session"].entries
    put_back(at)
    assert [value(at, key) for key in ("scale", "projection", "mask", "seed", "text")] == [
        "head_dim", "full", "causal", 2, TEXT,
    ]  # fmt: skip
    assert at.session_state["_session"].entries == entries + 1
    assert told(at).startswith("Changing projection and scale ")
    put_back(at)  # and that is put back as well
    assert value(at, "scale") == "none"


def put_back(at: AppTest) -> AppTest:
    return checked(send(at, "strip", "put_back", True))
