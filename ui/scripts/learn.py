"""The code of a training: Learn's, and of what other pages open of it."""

from typing import Any

from model.tasks.characters import Characters
from model.training.trainer import BATCH_SIZE, HELD_OUT, WEIGHT_DECAY
from ui.runs.trained_here import TrainedHereRun
from ui.scripts.check import check_settings
from ui.scripts.script import Script, Where

PARTS = (
    *("training_settings", "philox", "seeded", "positions", "attention", "blocks", "training"),
    *("tasks", "training_run"),
)
ALONE = {f'f"{{name}}{after}': f'"{after}' for after in ("embedding", "norm")}
ALONE |= {'f"{name}layers.': 'f"layers.'}  # where no stack needs a name
RENAMED = {"trained_linear(": "linear(", "trained_norm(": "norm("}
RENAMED_PAIR = {"test_pairs(": "test_examples(", "training_pairs(": "training_examples("}
TOLERANCE = 0.01


def training_script(run: TrainedHereRun, where: Where) -> Script:
    """Return the code that trains what a page shows, and shows it."""
    plan, snapshot, task = run.settings.plan, run.settings.snapshot, run.learner.task
    is_pair = task.kind == "encoder-decoder"
    options = {
        "PAIR": is_pair,
        "ORIGIN": "trained",
        "PROJECTION": "full",
        "SCALE": plan.scale,
        "POSITIONS": plan.positions,
        "MASKED": task.kind != "encoder",
        "CAUSAL": task.kind == "decoder",
        "EMPTY_ROWS": False,
        "SURROGATES": False,
        "DEEP": True,
        "NORM_ORDER": "pre",
        "ACTIVATION": "relu",
        "VECTORS": "hashed",
        "ATTENTION_ONLY": task.attention_only,
        "TASK": plan.task,
        "LENGTHS": not is_pair,
    }
    settings: dict[str, Any] = {
        "SEED": plan.seed,
        "SYMBOLS": list(task.symbols),
        "LENGTH": task.length,
        "EMBED_SIZE": plan.embed_size,
        "HEADS": plan.heads,
        "LAYERS": plan.layers,
        "BATCH_SIZE": BATCH_SIZE,
        "STEPS": plan.steps,
        "STOP": snapshot.step,
        "LEARNING_RATE": plan.learning_rate,
        "WEIGHT_DECAY": WEIGHT_DECAY,
        "HELD_OUT": HELD_OUT,
        "READ_SYMBOLS": list(run.example.source),
        "WRITTEN_SYMBOLS": list(run.example.inputs),
    }
    if isinstance(task, Characters):
        settings["TEXT"] = _read_text(task)
    weights = run.attention(where.layer, where.sentence, where.kind).field("weights")
    check, is_sampled = check_settings(weights, run.trace.output[where.sentence].numpy())
    return Script(
        title=f"A training on the task {plan.task!r}, with the numbers that Headlight shows.",
        about=(
            "A small transformer begins with the seed's weights, learns from random examples, and "
            "then reads one. At its end it compares its loss, its weights of attention and its "
            "output with those that the page showed, and prints the largest difference.",
            "On the same kind of processor, with the same version of PyTorch, there is none. "
            "Another one rounds in another way, and many steps can make much of that.",
        ),
        requirements=("torch",),
        installs=("torch",),
        where=where,
        parts=tuple("numbers_task" if is_pair and p == "tasks" else p for p in PARTS),
        options=options,
        settings=settings,
        renamed=RENAMED | (RENAMED_PAIR if is_pair else ALONE),
        check={
            **check,
            "KIND": where.kind,
            "LAYER": where.layer,
            "SENTENCE": where.sentence,
            "LOSS": snapshot.loss,
            "ACCURACY": snapshot.accuracy,
            "TOLERANCE": TOLERANCE,
        },
        is_sampled=is_sampled,
    )


def _read_text(task: Characters) -> str:
    """What a character model reads: its symbols alone."""
    return "".join(task.symbols[i] for i in [*task.read.tolist(), *task.unread.tolist()])
