"""The stories of Learn: how often each claim holds."""

from bench.report import BenchError, Row
from bench.settings import Options
from model.training.plan import Plan
from model.training.worker import SECONDS
from ui.stories import STORIES, Choice, Story
from ui.training_queue import Training, TrainingQueue

SEEDS = range(5)


def accuracies(queue: TrainingQueue, plans: list[Plan]) -> list[float]:
    """What each plan reaches after its last step; as many at once as there are cores."""
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


def row(name: str, story: Story, kept: list[float], shown: list[float]) -> Row:
    """All seeds over those in which the claim held."""
    held = sum(map(story.holds, kept, shown))
    return Row(
        "stories", name, f"held in {held} of {len(kept)}", f"{len(kept)} of {len(kept)}",
        len(kept) / held if held else float("inf"), 1.0, 0,
        told(story.kept, kept, f"under {story.unsolved:.0%}") + "; "
        + told(story.shown, shown, f"over {story.solved:.0%}"),
    )  # fmt: skip


def measure(options: Options) -> list[Row]:
    """Each story's two trainings with each seed."""
    seeds = SEEDS[:1] if options.quick else SEEDS
    queue = TrainingQueue()
    rows = []
    try:
        for name, story in STORIES.items():
            pairs = [story.plans(seed) for seed in seeds]
            reached = accuracies(queue, [plan for pair in pairs for plan in pair])
            rows.append(row(name, story, reached[0::2], reached[1::2]))
    finally:
        queue.close()
    return rows
