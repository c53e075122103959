"""What is said of a prediction without some heads, from probabilities worked out by hand."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from model.interventions import Interventions
from ui.pages.pretrained.answer_bars import Answer, describe_answers


def told(before: list[float], after: list[float]) -> str:
    """What is said of two predictions, (V,) probabilities."""
    run = SimpleNamespace(
        settings=SimpleNamespace(removed=frozenset({(2, 3), (0, 5)}), changed=Interventions()),
    )
    answers = (Answer(torch.tensor(each).log(), "abc".__getitem__, "") for each in (before, after))
    return describe_answers(cast("Any", run), *answers)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([0.2, 0.5, 0.3], [0.2, 0.25, 0.55], "` b ` falls from **50.0%** to **25.0%**"),
        ([0.2, 0.5, 0.3], [0.1, 0.75, 0.15], "` b ` rises from **50.0%** to **75.0%**"),
        ([0.2, 0.5, 0.3], [0.2, 0.5, 0.3], "` b ` stays at **50.0%**"),
        # What changes in a digit that isn't shown neither falls nor rises.
        ([0.2, 0.5, 0.3], [0.2002, 0.4998, 0.3], "` b ` stays at **50.0%**"),
        ([0.2, 0.5, 0.3], [0.201, 0.499, 0.3], "` b ` falls from **50.0%** to **49.9%**"),
    ],
)
def test_a_token_falls_or_rises_only_where_its_numbers_do(
    before: list[float], after: list[float], said: str
) -> None:
    assert told(before, after).startswith(f"Without 0·5, 2·3, {said}; the whole prediction moves")


def test_how_far_the_prediction_moves_is_the_divergence_from_before_to_after() -> None:
    # 1/2 log 2 + 1/2 log 2/3 = 0.144, and the other way round 1/4 log 1/2 + 3/4 log 3/2 = 0.131.
    assert "moves by 0.144 nats" in told([0.5, 0.5, 0.0], [0.25, 0.75, 0.0])
