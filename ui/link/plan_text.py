"""A plan of a training, short enough for a link."""

from model.errors import CodedValueError
from model.training.plan import Plan
from ui.link.readers import is_whole

MAX_PLAN_TEXT = 200  # characters

PLAN_FIELDS = (
    "task",
    "heads",
    "embed_size",
    "layers",
    "positions",
    "scale",
    "learning_rate",
    "steps",
    "seed",
)


def plan_text(plan: Plan) -> str:
    """Return a plan without its corpus, short enough for a link."""
    return ",".join(
        f"{value:g}" if isinstance(value, float) else str(value)
        for value in (getattr(plan, name) for name in PLAN_FIELDS)
    )


def read_plan(text: str, corpus: str = "") -> Plan:
    """Return the plan that plan_text wrote.

    Raises:
        ValueError: if the text is anything else, or the plan is over a limit.
    """
    parts = text[:MAX_PLAN_TEXT].split(",")
    if len(parts) != len(PLAN_FIELDS):
        raise CodedValueError(
            "plan_text.parts",
            "expected {wanted} parts, got {got}",
            wanted=len(PLAN_FIELDS),
            got=len(parts),
        )
    task, heads, embed_size, layers, positions, scale, rate, steps, seed = parts
    if not all(map(is_whole, (heads, embed_size, layers, steps))) or not (
        seed.isascii() and seed.isdigit()
    ):
        raise CodedValueError(
            "plan_text.no_whole_number", "sizes, steps and seed must be whole numbers"
        )
    try:
        learning_rate = float(rate)
    except ValueError:
        raise CodedValueError(
            "plan_text.no_number", "the learning rate must be a number, got {text!r}", text=rate
        ) from None
    return Plan(
        task=task,
        heads=int(heads),
        embed_size=int(embed_size),
        layers=int(layers),
        positions=positions,  # type: ignore[arg-type]  # the plan checks it
        scale=scale,  # type: ignore[arg-type]
        learning_rate=learning_rate,
        steps=int(steps),
        seed=int(seed[:10]),
        corpus=corpus,
    )
