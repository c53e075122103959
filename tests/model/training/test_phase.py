"""The phase change: the score of a snapshot, and the step that is marked."""

import pytest

from model.head_finder import induction_scores, repeated_words
from model.training.learner import load_learner
from model.training.phase import SEGMENT, induction_score, phase_change
from model.training.trainer import Trainer
from tests.model.training.helpers import small


@pytest.mark.parametrize(
    ("scores", "step"),
    [
        ([0.1, 0.2, 0.5, 0.9], 20),
        ([0.1, 0.2, 0.49, 0.9], 30),
        ([0.1, 0.6, 0.2, 0.9], 10),  # the first time
        ([0.5, 0.6, 0.7, 0.8], 0),
        ([0.1, 0.2, 0.3, 0.4], None),
        ([float("nan")] * 4, None),
    ],
)
def test_the_first_step_with_most_of_the_weight(scores: list[float], step: int | None) -> None:
    assert phase_change([0, 10, 20, 30], scores) == step


def test_a_mark_stays_while_the_training_goes_on() -> None:
    scores = [0.1, 0.3, 0.6, 0.7, 0.95]
    marks = [phase_change(range(n), scores[:n]) for n in range(6)]
    assert marks == [None, None, None, 2, 2, 2]


def test_scores_and_steps_belong_together() -> None:
    with pytest.raises(ValueError, match="one score a step, got 1 scores of 2 steps"):
        phase_change([0, 10], [0.5])


@pytest.mark.parametrize("layers", [1, 2])
def test_the_score_is_the_best_heads_on_a_segment_said_twice(layers: int) -> None:
    plan = small("induction", layers=layers)
    snapshot = Trainer(plan).snapshot()
    learner = load_learner(plan, snapshot.weights)
    segment = repeated_words(plan.learnt.symbols, SEGMENT, 0)
    assert len(set(segment)) == 12
    trace = learner.read(plan.learnt.example(segment * 2)).trace
    scores = induction_scores([traced.weights[0] for traced in trace.encoder_self], 12)
    assert scores.shape == (layers, 2)
    assert induction_score(plan, snapshot) == scores.max().item()
    assert 0 < induction_score(plan, snapshot) < 0.5  # untrained


def test_a_character_model_has_a_score_too() -> None:
    plan = small("characters")
    assert 0 < induction_score(plan, Trainer(plan).snapshot()) < 0.5


@pytest.mark.parametrize(("task", "kind"), [("reverse", "encoder"), ("numbers", "encoder-decoder")])
def test_who_sees_the_future_foretells_nothing(task: str, kind: str) -> None:
    plan = small(task)
    with pytest.raises(ValueError, match=f"the model of '{task}' is of the kind '{kind}'; take"):
        induction_score(plan, Trainer(plan).snapshot())


def test_a_text_of_few_characters_has_no_segment() -> None:
    plan = small("characters", corpus="abc " * 60)
    with pytest.raises(ValueError, match=r"a count from 0 to 4.*, got 12"):
        induction_score(plan, Trainer(plan).snapshot())
