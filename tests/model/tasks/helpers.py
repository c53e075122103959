"""What the tests of tasks share."""

from collections.abc import Sequence

import numpy as np

from model.tasks import task_of
from model.tasks.base import IGNORED, Batch, Example, Task


def draw(task: Task, count: int = 1, seed: int = 0) -> Batch:
    return task.draw(count, np.random.default_rng(seed))


def row_of(task: Task, batch: Batch, row: int) -> Example:
    """An example of a batch as symbols, without its padding."""
    inputs, targets = batch.inputs[row].tolist(), batch.targets[row].tolist()
    source: list[int] = []
    if batch.source is not None and batch.source_mask is not None:
        source = batch.source[row][batch.source_mask[row, 0, 0]].tolist()
        asked = [target for target in targets if target != IGNORED]
        inputs, targets = inputs[: len(asked)], asked
    return Example(
        tuple(task.symbols[i] for i in inputs),
        tuple(None if i == IGNORED else task.symbols[i] for i in targets),
        tuple(task.symbols[i] for i in source),
    )


def answers(name: str, text: str) -> str:
    """What is right for a text, as one string, with a dot where nothing is asked."""
    task = task_of(name)
    targets = task.example(task.split(text)).targets
    return "".join("." if target is None else target for target in targets)


def typed_of(task: Task, example: Example) -> Sequence[str]:
    """What somebody would have typed to get an example."""
    match task.name:
        case "copy":
            return example.inputs[: example.inputs.index("|")]
        case "majority":
            return example.inputs[1:]
        case "numbers":
            return example.source
    return example.inputs
