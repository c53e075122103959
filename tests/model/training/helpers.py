"""What the tests of training share: small plans, of each kind of learner."""

from typing import Any

from model.training.plan import Plan

# An encoder, one without feed-forward, a decoder, and both together.
KINDS = ["reverse", "compare", "characters", "numbers"]


def small(task: str = "reverse", **options: Any) -> Plan:
    """A plan of a model that is trained in no time."""
    return Plan(**{"task": task, "embed_size": 8, "heads": 2, "steps": 12, **options})
