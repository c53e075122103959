"""Stories: two trainings that differ in one thing, and two sentences to say aloud about them."""

from dataclasses import dataclass
from typing import Any

from model.training.plan import Plan
from model.training.recommended import RECOMMENDED
from ui.text.i18n import N_

Choice = dict[str, Any]  # fields of a Plan


@dataclass(frozen=True)
class Story:
    """A claim about attention, and the two trainings that show whether it holds."""

    say: str  # two sentences
    common: Choice  # what both have
    kept: Choice  # the one to compare with ...
    shown: Choice  # ... and the one that solves the task
    solved: float  # the accuracy that the shown one reaches, and more ...
    unsolved: float  # ... and that the kept one doesn't
    cut: str = ""  # edges between heads, as links have them, without which it is unsolved

    def plans(self, seed: int = 0) -> tuple[Plan, Plan]:
        """Return the kept and the shown plan."""
        kept, shown = (
            Plan(**{**self.common, **choice, "seed": seed}) for choice in (self.kept, self.shown)
        )
        return kept, shown

    def holds(self, kept: float, shown: float) -> bool:
        """Whether two accuracies, after the last step, are as the story says."""
        return kept < self.unsolved and shown > self.solved


def _of(task: str, **changes: Any) -> Choice:
    plan = RECOMMENDED[task]
    names = ("heads", "embed_size", "layers", "positions", "scale", "learning_rate", "steps")
    return {"task": task, **{name: getattr(plan, name) for name in names}, **changes}


STORIES: dict[str, Story] = {
    "reverse_positions": Story(
        say=N_(
            "To turn a word around, each place must look at the place across, and places are told "
            "apart by positions alone. Take the positions away, and the same model can only guess "
            "which of the ten letters it is."
        ),
        common=_of("reverse"),
        kept={"positions": "none"},
        shown={"positions": "sinusoidal"},
        solved=0.99,
        unsolved=0.3,
    ),
    "one_head": Story(
        say=N_(
            "Each digit must be told whether its right neighbour is larger than its left one, and "
            "a head's weights are never negative: a single head adds up what it sees, and can't "
            "take one from the other. With two heads, one looks left, the other right, and the "
            "output layer subtracts."
        ),
        common=_of("compare"),
        kept={"heads": 1},
        shown={"heads": 2},
        solved=0.99,
        unsolved=0.95,
    ),
    "induction_layers": Story(
        say=N_(
            "To continue a repetition, a head must look at what came after the same letter before, "
            "and for that each letter must already know which one stands before it: a first layer "
            "tells it, a second one uses it. With one layer no head finds out."
        ),
        common=_of("induction"),
        kept={"layers": 1},
        shown={"layers": 2},
        solved=0.9,
        unsolved=0.5,
        cut="*-*.k",
    ),
    "learning_scale": Story(
        say=N_(
            "Undivided, the energies are so large that softmax picks one key and ignores the rest, "
            "and what is ignored gets no gradient to learn from. Divided by √D, the same model "
            "sorts its digits in the same number of steps."
        ),
        common=_of("sort"),
        kept={"scale": "none"},
        shown={"scale": "head_dim"},
        solved=0.97,
        unsolved=0.75,
    ),
}
