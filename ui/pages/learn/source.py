"""Where Learn's numbers come from: what its controls describe, as far as it has been trained."""

from typing import Any

from ui.frame.opened_from_learn import OpenedModel, refuse_file
from ui.frame.trained_here import TrainedHere
from ui.link.memory import current_page, value_of
from ui.link.plan_text import PLAN_FIELDS
from ui.link.side import Side
from ui.pages.learn.fitting import fit_few_heads
from ui.pages.learn.trainings import is_from_file, plan_in_use, shown_snapshot
from ui.runs.trained_here import TrainedHereSettings, read_typed


class TrainedOnLearn(TrainedHere):
    """What is trained on Learn."""

    def settings(self) -> TrainedHereSettings:
        """Return what is looked at.

        Raises:
            ValueError: if there is no plan that can be trained; says why.
        """
        plan = plan_in_use()
        typed, _problem = read_typed(plan.learnt, value_of("text"))
        return TrainedHereSettings(plan, shown_snapshot(plan), typed, is_from_file(plan))

    def file_stems(self) -> tuple[str, str]:
        """Return stems with the task."""
        return self.file_stems_of(value_of("task"))

    def layout(self) -> tuple[Any, ...]:
        """Return the view, the story and the plan."""
        return tuple(map(value_of, ("view", "kept", "story", *PLAN_FIELDS)))

    def fit(self) -> None:
        """Bring the heads in line with the embedding."""
        fit_few_heads()

    def side(self) -> Side:
        """Return the training as a side of a comparison.

        Raises:
            ValueError: if its weights come from a file, or if what is chosen can't be trained.
        """
        refuse_file(is_from_file(plan_in_use()))
        return super().side()


TRAINED_ON_LEARN = TrainedOnLearn()


def opened_elsewhere(settings: TrainedHereSettings) -> OpenedModel:
    """Return what is shown on Learn as another page opens it."""
    text = value_of("text").strip() or settings.plan.learnt.probe
    return OpenedModel(settings.plan, settings.snapshot, settings.from_file, text, current_page())
