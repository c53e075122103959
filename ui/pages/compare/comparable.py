"""The pages that can be compared."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from model.pretrained.base import reads_pairs
from model.tasks import TASKS
from model.training.plan import MOST_HEADS, MOST_LAYERS
from model.training.recommended import RECOMMENDED
from ui.choices.learning import LEARN_EMBEDDINGS, LEARN_RATES, LEARN_STEPS
from ui.choices.limits import LARGEST_EMBEDDING, MAX_PRETRAINED_LAYERS, SMALLEST_EMBEDDING
from ui.choices.options import BETWEEN_TOKENS, MASKS, PAIR_MASKS, Stage
from ui.choices.sizes import (
    WITH_SPAN,
    can_look_ahead,
    fits_rotary,
    head_choices,
    layer_choices,
)
from ui.controls.fits import without_rotary, without_vectors
from ui.frame.failures import logged
from ui.frame.page import Page
from ui.jobs.training_queue import Training
from ui.link.plan_text import PLAN_FIELDS
from ui.link.side import Side
from ui.pages.compare.comparable_page import Comparable, Rows, fitted
from ui.pages.encoder_decoder.page import PAGE as ENCODER_DECODER
from ui.pages.explore.page import PAGE as EXPLORE
from ui.pages.learn.page import PAGE as LEARN
from ui.pages.learn.trainings import plan_in_use, train_unless_known, training_of
from ui.pages.pretrained.file_memory import opened_file
from ui.pages.pretrained.loading import load_with_progress, stages_of
from ui.pages.pretrained.page import PAGE as PRETRAINED
from ui.runs.model_store import is_loaded, is_unusable, model_choices, model_of
from ui.text.i18n import N_


@dataclass(frozen=True, kw_only=True)
class RandomSide(Comparable):
    """Random weights of an encoder, or of an encoder and a decoder."""

    page: Page
    weights: str
    rows: Rows
    more: Rows
    masks: Sequence[str]
    is_pair: bool
    texts: tuple[str, ...] = ("text",)
    numbers = MappingProxyType({"embed_size": (SMALLEST_EMBEDDING, LARGEST_EMBEDDING, 8)})

    def choices(self, side: Side, key: str) -> Sequence[Any]:
        """Return what the embedding, the layers and the kind of model allow."""
        embed_size = side.value("embed_size")
        choices: dict[str, Callable[[], Sequence[Any]]] = {
            "heads": lambda: head_choices(embed_size),
            "layers": lambda: layer_choices(embed_size, pair=self.is_pair),
            "layer": lambda: range(side.value("layers")),
            "mask": lambda: self.masks,
        }
        return choices[key]()

    def is_used(self, side: Side, key: str) -> bool:
        """Whether a control says anything, with the others as they are."""
        match key:
            case "span":
                return side.value("mask") in WITH_SPAN
            case "look_ahead":
                return can_look_ahead(side.value("mask"), side.value("span"))
            case "layer":
                return bool(side.value("layers") > 1)
        return True

    def fit(self, side: Side) -> tuple[Side, list[str]]:
        """Return the side with sizes that go together, as its page would have them."""
        messages: list[str] = []
        for key in ("heads", "layers"):
            side = fitted(side, key, self.choices(side, key), messages)
        sizes = (side.value("embed_size"), side.value("heads"))
        if side.value("positions") == "rotary" and not fits_rotary(*sizes):
            side = side.replaced(positions="none")
            messages.append(without_rotary(*sizes))
        if side.value("vectors") == "minilm" and (problem := without_vectors()):
            side = side.replaced(vectors="hashed")
            messages.append(problem)
        return fitted(side, "layer", self.choices(side, "layer"), messages), messages


class PretrainedSide(Comparable):
    """Weights that others have trained."""

    page = PRETRAINED
    weights = N_("a trained model")
    rows = (("from_file",), ("model",), ("together",), ("layer", "kind"))
    texts = ("text", "text2")

    def choices(self, side: Side, key: str) -> Sequence[Any]:
        """Return the models, or the layers of the chosen one."""
        if key == "model":
            return model_choices()
        return range(self._layers(side) or MAX_PRETRAINED_LAYERS)

    def is_used(self, side: Side, key: str) -> bool:
        """Whether a control says anything of the chosen model."""
        if key == "from_file":
            return bool(side.value(key)) or opened_file() is not None
        if side.value("from_file"):
            file = opened_file()
            return file is not None and (
                key == "layer" or (key == "kind" and len(file.run.kinds) > 1)
            )
        if key == "layer":
            return self.is_usable(side)
        if key in ("text2", "together") and self.has_pair(side):
            return True
        if key in ("text2", "kind"):
            choice = side.value("model")
            return is_loaded(choice) and model_of(choice).kind == "encoder-decoder"
        return key != "together"

    def has_pair(self, side: Side) -> bool:
        """Whether there are two sentences that the model can read together."""
        choice = side.value("model")
        return (
            bool(side.value("text2").strip())
            and is_loaded(choice)
            and reads_pairs(model_of(choice))
        )

    def second_text(self, side: Side) -> str:
        """Return what a second text is called."""
        return N_("Second sentence") if self.has_pair(side) else super().second_text(side)

    def fit(self, side: Side) -> tuple[Side, list[str]]:
        """Return the side with a layer that its model has, once it is loaded."""
        messages: list[str] = []
        if layers := self._layers(side):
            side = fitted(side, "layer", range(layers), messages)
        return side, messages

    def prepare(self, side: Side) -> None:
        """Load the model, with a bar, where that hasn't been done.

        Raises:
            ModelUnavailableError: if it can't be used.
        """
        if not side.value("from_file"):
            load_with_progress(side.value("model"))

    def reads_sentences(self, side: Side) -> bool:
        """Whether it isn't a file, whose tokens are its own."""
        return not side.value("from_file")

    def stages(self, side: Side) -> Sequence[Stage]:
        """Return the stages between tokens that a model has, or a file."""
        file = opened_file() if side.value("from_file") else None
        if file is not None:
            return tuple(stage for stage in BETWEEN_TOKENS if file.run.knows(stage))
        if side.value("from_file") or not is_loaded(side.value("model")):
            return BETWEEN_TOKENS
        known = stages_of(model_of(side.value("model")))
        return tuple(stage for stage in BETWEEN_TOKENS if stage in known)

    def is_usable(self, side: Side) -> bool:
        """Whether the model isn't known to be unusable, or the file is here."""
        if side.value("from_file"):
            return opened_file() is not None
        return not is_unusable(side.value("model"))

    def _layers(self, side: Side) -> int | None:
        """How many layers there are of the chosen attention; None where that isn't known yet."""
        if side.value("from_file"):
            return self._layers_of_file(side)
        choice = side.value("model")
        if not is_loaded(choice):
            return None
        sizes = model_of(choice).sizes
        return sizes.get(side.value("kind"), sizes["encoder_self"]).layers

    def _layers_of_file(self, side: Side) -> int | None:
        file = opened_file()
        if file is None:
            return None
        kind = side.value("kind")
        return file.run.layers_of(kind if kind in file.run.kinds else file.run.kinds[0])


class LearnSide(Comparable):
    """Weights that are trained here."""

    page = LEARN
    weights = N_("weights trained here")
    rows = (
        ("task",),
        ("heads", "embed_size"),
        ("positions", "scale"),
        ("learning_rate", "steps"),
        ("layers", "layer"),
        ("seed", "kind"),
    )

    def reads_sentences(self, side: Side) -> bool:
        """Return that it reads a task's symbols."""
        return False

    def choices(self, side: Side, key: str) -> Sequence[Any]:
        """Return what Learn offers."""
        choices: dict[str, Callable[[], Sequence[Any]]] = {
            "heads": lambda: [
                heads for heads in head_choices(side.value("embed_size")) if heads <= MOST_HEADS
            ],
            "embed_size": lambda: LEARN_EMBEDDINGS,
            "layers": lambda: range(1, MOST_LAYERS + 1),
            "layer": lambda: range(side.value("layers")),
            "learning_rate": lambda: LEARN_RATES,
            "steps": lambda: LEARN_STEPS,
        }
        return choices[key]()

    def is_used(self, side: Side, key: str) -> bool:
        """Whether a control says anything, with the others as they are."""
        if key == "layer":
            return bool(side.value("layers") > 1)
        return key != "kind" or TASKS[side.value("task")].kind == "encoder-decoder"

    def fit(self, side: Side) -> tuple[Side, list[str]]:
        """Return the side with heads and a layer that go with its sizes."""
        messages: list[str] = []
        for key in ("heads", "layer"):
            side = fitted(side, key, self.choices(side, key), messages)
        return side, messages

    def prepare(self, side: Side) -> None:
        """Start the training of what nobody has trained on this page yet."""
        # What can't be trained is said where the side is drawn.
        with side.in_force(), logged(), suppress(ValueError):
            train_unless_known(plan_in_use())

    def training(self) -> Training | None:
        """Return the training of what the side in force describes."""
        return training_of(plan_in_use())

    def changed(self, side: Side, key: str, value: Any) -> Side:
        """Return the side after a control was changed; another task begins with what solves it."""
        if key != "task":
            return super().changed(side, key, value)
        plan = RECOMMENDED[value]
        return Side.of(self.page, {name: getattr(plan, name) for name in PLAN_FIELDS})


_MORE: Rows = (
    ("projection", "temperature"),
    ("tokenizer", "vectors"),
    ("norm_order", "activation"),
)
COMPARABLE: dict[str, Comparable] = {
    each.page.name: each
    for each in (
        RandomSide(
            page=EXPLORE,
            weights=N_("random weights"),
            rows=(
                ("heads", "embed_size"),
                ("scale", "mask"),
                ("span", "look_ahead"),
                ("positions", "seed"),
                ("layers", "layer"),
            ),
            more=_MORE,
            masks=[mask for mask in MASKS if mask != "custom"],  # there is no painter here
            is_pair=False,
        ),
        RandomSide(
            page=ENCODER_DECODER,
            weights=N_("a random encoder and decoder"),
            rows=(
                ("heads", "embed_size"),
                ("scale", "mask"),
                ("kind", "positions"),
                ("layers", "layer"),
            ),
            more=(*_MORE, ("seed",)),
            texts=("text", "text2"),
            masks=PAIR_MASKS,
            is_pair=True,
        ),
        PretrainedSide(),
        LearnSide(),
    )
}


def comparable(side: Side) -> Comparable:
    """Return what a side's page adds to a comparison."""
    return COMPARABLE[side.page.name]
