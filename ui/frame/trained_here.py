"""Weights that were trained on Learn: the source of that page, and of those that open them."""

from dataclasses import asdict
from typing import Any

from model.training.weights_file import configuration
from ui.frame.source import Source
from ui.link.memory import value_of
from ui.runs.export import Contents
from ui.runs.trained_here import TrainedHereRun, TrainedHereSettings, compute_trained_here
from ui.text.i18n import _, ngettext
from ui.text.option_names import word
from ui.views.divisor import divisor_text


class TrainedHere(Source[TrainedHereSettings, TrainedHereRun]):
    """Weights that were trained on Learn."""

    def compute(self, settings: TrainedHereSettings) -> TrainedHereRun:
        """Return the numbers of these settings."""
        return compute_trained_here(settings)

    def describe(self, run: TrainedHereRun) -> str:
        """Return the task, the sizes, and how far the training had come."""
        plan, snapshot = run.settings.plan, run.settings.snapshot
        layers = ngettext("{count} layer", "{count} layers", plan.layers).format(count=plan.layers)
        heads = ngettext("{count} head", "{count} heads", plan.heads).format(count=plan.heads)
        model = _("{task}, {layers} × {heads}, energies ÷ {divisor}").format(
            task=word(plan.task),
            layers=layers,
            heads=heads,
            divisor=divisor_text(run.facts(run.kinds[0], 0)),
        )
        if run.settings.from_file:
            said = _("**weights from a file**, {step} steps from seed {seed}: {model}")
        elif snapshot.step == 0:
            said = _("**random weights, not trained yet** (seed {seed}): {model}")
        else:
            said = _("**weights trained here**, {step} steps from seed {seed}: {model}")
        return said.format(step=snapshot.step, seed=plan.seed, model=model)

    def notices(self, run: TrainedHereRun) -> list[str]:
        """Return that a model is asked about a length that its training never had."""
        task = run.learner.task
        read = len(run.example.source or run.example.inputs)
        if read == task.length or (read < task.length and not task.one_length):
            return []
        said = _(
            "Trained on {trained} symbols, it reads {read} here: what it says of places that "
            "it has never seen is a guess."
        )
        return [said.format(trained=task.length, read=read)]

    def contents(self, run: TrainedHereRun) -> Contents:
        """Return the weights and the answers' logits."""
        settings = run.settings
        arrays = {name: weight.numpy() for name, weight in run.learner.state_dict().items()}
        return Contents(
            {**configuration(settings.plan, settings.snapshot), "typed": settings.typed},
            asdict(settings.plan.config),
            {**arrays, "logits": run.logits.numpy()},
        )

    def file_stems_of(self, task: str) -> tuple[str, str]:
        """Return stems with the task."""
        return task, f"{task}_layer_{value_of('layer')}"

    def layout(self) -> tuple[Any, ...]:
        """Return the view, and whose weights they are."""
        return tuple(map(value_of, ("view", "weights")))
