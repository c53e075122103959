"""Recommended plans and stories of Learn: in how many of fifteen seeds each does what it says."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from bench.report import BenchError, Row
from bench.settings import Options
from model.training.plan import Plan
from model.training.recommended import RECOMMENDED, expected_accuracy
from model.training.worker import SECONDS
from ui.jobs.training_queue import Training, TrainingQueue
from ui.pages.learn.stories import STORIES, Choice, Story

SEEDS = range(15)


def accuracies(queue: TrainingQueue, plans: list[Plan]) -> list[float]:
    """What each plan reaches after its last step; as many at once as there are cores.

    Raises:
        BenchError: if one of them takes longer than a training may, as on a busy machine.
    """
    trainings = [Training(plan) for plan in plans]
    for training in trainings:
        queue.submit(training)
    for training in trainings:
        if not training.wait(lambda t: not t.is_active, len(plans) * SECONDS):
            raise BenchError(f"{training.plan} didn't end")
        if training.state != "finished":
            raise BenchError(f"{training.plan}: {training.state} {training.message}")
    return [training.snapshots[-1].accuracy for training in trainings]


def told(choice: Choice, reached: list[float], claim: str) -> str:
    """What one of a story's two plans has and the other hasn't, and what it reached."""
    has = ", ".join(f"{name} {value}" for name, value in choice.items())
    return f"{has}: {min(reached):.1%} to {max(reached):.1%}, said to be {claim}"


def row(name: str, held: Sequence[bool], note: str) -> Row:
    """All seeds over those in which it held."""
    failed = ", ".join(str(seed) for seed, holds in zip(SEEDS, held, strict=False) if not holds)
    return Row(
        "stories", name, f"held in {sum(held)} of {len(held)}", f"{len(held)} of {len(held)}",
        len(held) / sum(held) if any(held) else float("inf"), 1.0, 0,
        note + (f"; not with seed {failed}" if failed else ""),
    )  # fmt: skip


def plan_row(task: str, reached: list[float]) -> Row:
    """In how many seeds a recommended plan learns its task."""
    least = expected_accuracy(task)
    note = f"{min(reached):.1%} to {max(reached):.1%}, said to be over {least:.0%}"
    return row(f"the recommended plan of {task}", [each > least for each in reached], note)


def story_row(name: str, story: Story, kept: list[float], shown: list[float]) -> Row:
    """In how many seeds a story's claim holds."""
    note = (
        told(story.kept, kept, f"under {story.unsolved:.0%}")
        + "; "
        + told(story.shown, shown, f"over {story.solved:.0%}")
    )
    return row(name, list(map(story.holds, kept, shown)), note)


def measure(options: Options) -> list[Row]:
    """Each recommended plan, and each story's two trainings, with each seed."""
    seeds = SEEDS[:1] if options.quick else SEEDS
    queue = TrainingQueue()

    def plan(task: str) -> Row:
        plans = [replace(RECOMMENDED[task], seed=seed) for seed in seeds]
        return plan_row(task, accuracies(queue, plans))

    def story(name: str) -> Row:
        pairs = [STORIES[name].plans(seed) for seed in seeds]
        reached = accuracies(queue, [plan for pair in pairs for plan in pair])
        return story_row(name, STORIES[name], reached[0::2], reached[1::2])

    try:
        return [
            *(_measured(plan, task) for task in RECOMMENDED),
            *(_measured(story, name) for name in STORIES),
        ]
    finally:
        queue.close()


def _measured(measure_one: Callable[[str], Row], name: str) -> Row:
    """A row; or why there is none: the others' half an hour is not to be lost."""
    try:
        row = measure_one(name)
    except BenchError as error:
        row = Row("stories", name, "not measured", "", None, note=str(error))
    print(row, file=sys.stderr, flush=True)
    return row
