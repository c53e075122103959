"""What a link to the Lab can hold: the lists of values that are tried, and what is looked at."""

from dataclasses import dataclass
from typing import Any

from lab.ranges import MOST_SEEDS, SWEPT_MASKS
from model.tasks import TASKS
from model.training.plan import HIGHEST_RATE, LOWEST_RATE, MOST_STEPS
from model.training.plan import LARGEST_EMBEDDING as LARGEST_LEARNT
from model.training.plan import MOST_HEADS as MOST_LEARNT_HEADS
from model.training.plan import MOST_LAYERS as MOST_LEARNT_LAYERS
from ui.choices.examples import DEFAULT_TEXT
from ui.choices.limits import (
    LARGEST_EMBEDDING,
    MAX_HEADS,
    MAX_SPAN,
    SMALLEST_EMBEDDING,
)
from ui.choices.options import POSITIONS, PROJECTIONS, SCALES, TOKENIZERS
from ui.link.common_parameters import EVERY_PAGE, TEMPERATURE, typed
from ui.link.page import Parameter
from ui.link.readers import Reader, flag, number, option, text
from ui.text.i18n import _
from ui.text.markdown import verbatim
from ui.text.option_names import find_option, word

LAB_VIEWS = ("mechanism", "learning", "cost")
# The padding of a single sentence hides nothing.
LAB_MASKS = tuple(mask for mask in SWEPT_MASKS if "padding" not in mask)
METRIC_NAMES = (  # those of lab.results.METRICS, which takes longer to import than a page may
    "score_spread",
    "energy_spread",
    "entropy_share",
    "largest_weight",
    "saturated_share",
    "softmax_gradient",
    "head_similarity",
    "effective_rank",
)
PICTURES = ("lines", "heatmap", "panels")
LEARN_PICTURES = ("curves", "steps_to_95", "table")
AXES = ("heads", "embed_size", "head_dim", "scale", "positions", "mask", "projection")
NUMERIC = ("heads", "embed_size", "head_dim", "layers", "learning_rate")

AMOUNTS = ("multiply_adds", "parameters", "bytes")

MOST_VALUES = 32  # of one list
MOST_LIST_TEXT = 300  # characters
MOST_COMPARED = 3  # configurations whose costs are compared
LONGEST_TEXT, DEFAULT_LENGTH = 32_768, 1000  # tokens, whose cost is computed


@dataclass(frozen=True)
class NumberList:
    """Numbers between two limits, as people type them: 1, 2, 4."""

    low: float
    high: float
    whole: bool = True
    most: int = MOST_VALUES

    def read(self, text: str) -> tuple[tuple[Any, ...], list[str]]:
        """Return the numbers, each once, and those parts of the text that aren't used."""
        values: dict[Any, None] = {}
        refused = []
        for part in text[:MOST_LIST_TEXT].replace(";", ",").replace("\n", ",").split(","):
            if not part.strip():
                continue
            value = self._value(part.strip())
            if value is None or len(values.keys() | {value}) > self.most:
                refused.append(part.strip())
            else:
                values[value] = None
        return tuple(values), refused

    def _value(self, part: str) -> Any:
        try:
            value = float(part)
        except ValueError:
            return None
        if not self.low <= value <= self.high or (self.whole and value != int(value)):
            return None  # nor is NaN between limits
        return int(value) if self.whole else value

    def write(self, values: tuple[Any, ...]) -> str:
        """Return the numbers as text."""
        return ", ".join(f"{value:g}" for value in values)

    @property
    def limits(self) -> str:
        """Which numbers may be there, in words."""
        said = _("whole numbers from {low} to {high}") if self.whole else _("{low} to {high}")
        return said.format(low=f"{self.low:g}", high=f"{self.high:g}")


LISTS: dict[str, NumberList] = {
    "head_counts": NumberList(1, MAX_HEADS),
    "embed_sizes": NumberList(SMALLEST_EMBEDDING, LARGEST_EMBEDDING),
    "learn_heads": NumberList(1, MOST_LEARNT_HEADS),
    "learn_embeddings": NumberList(2, LARGEST_LEARNT),
    "learn_layers": NumberList(1, MOST_LEARNT_LAYERS),
    "learn_rates": NumberList(LOWEST_RATE, HIGHEST_RATE, whole=False),
    "cost_embeddings": NumberList(1, 16_384, most=MOST_COMPARED),
}
CHOICES: dict[str, tuple[str, ...]] = {
    "scales": SCALES,
    "schemes": POSITIONS,
    "masks": LAB_MASKS,
    "projections": PROJECTIONS,
    "learn_schemes": POSITIONS,
    "learn_scales": SCALES,
}


def numbers(values: NumberList) -> Reader:
    """Return a list of numbers; what isn't one is left out."""

    def read(key: str, text: str, default: Any) -> tuple[Any, str | None]:
        found, refused = values.read(text)
        if not refused and len(text) <= MOST_LIST_TEXT:
            return text, None
        used = values.write(found) or default
        return used, _(
            "The link's {key} {text} has parts that can't be used ({limits}). Using {used}."
        ).format(key=key, text=verbatim(text), limits=values.limits, used=used)

    return read


def several(*options: str) -> Reader:
    """Some of the options, with commas between them."""

    def read(key: str, text: str, default: Any) -> tuple[Any, str | None]:
        parts = [part for part in text[:MOST_LIST_TEXT].split(",") if part.strip()]
        found = [find_option(part, options) for part in parts]
        used = tuple(option for option in options if option in found)
        if used and None not in found:
            return ",".join(used), None
        return ",".join(used) or default, _(
            "The link asks for {key} {text}; there are: {options}. Using {used}."
        ).format(
            key=key,
            text=verbatim(text),
            options=", ".join(map(word, options)),
            used=", ".join(map(word, used or chosen(default))),
        )

    return read


def chosen(text: str) -> tuple[str, ...]:
    """Return the options that a parameter read by `several` holds."""
    return tuple(filter(None, text.split(",")))


def _lists(**defaults: str) -> dict[str, Parameter]:
    return {key: typed(text, numbers(LISTS[key])) for key, text in defaults.items()}


def _choices(**defaults: str) -> dict[str, Parameter]:
    return {key: Parameter(text, several(*CHOICES[key])) for key, text in defaults.items()}


MECHANISM: dict[str, Parameter] = {
    "text": typed(DEFAULT_TEXT, text),
    "tokenizer": Parameter("words", option(*TOKENIZERS)),
    **_lists(head_counts="1, 2, 4, 8", embed_sizes="32, 64, 128"),
    **_choices(scales="head_dim", schemes="none", masks="none", projections="full"),
    "temperature": TEMPERATURE,
    "span": typed(3, number(1, MAX_SPAN)),
    "seeds": typed(5, number(1, MOST_SEEDS)),
    "metric": Parameter("entropy_share", option(*METRIC_NAMES)),
    "picture": Parameter("lines", option(*PICTURES)),
    "along": Parameter(None, option(*AXES)),
    "line": Parameter(None, option(*AXES)),
    "panel": Parameter(None, option(*AXES)),
}
LEARNING: dict[str, Parameter] = {
    "task": Parameter("sort", option(*TASKS)),
    **_lists(
        learn_heads="1, 2, 4, 8", learn_embeddings="32", learn_layers="1", learn_rates="0.003"
    ),
    **_choices(learn_schemes="sinusoidal", learn_scales="head_dim"),
    "steps": typed(300, number(1, MOST_STEPS)),
    "learn_seeds": typed(5, number(1, MOST_SEEDS)),
    "learn_picture": Parameter("curves", option(*LEARN_PICTURES)),
}
COST: dict[str, Parameter] = {
    "cost_heads": typed(8, number(1, 128)),
    **_lists(cost_embeddings="256, 512"),
    "cost_layers": typed(1, number(1, 128)),
    "tokens": typed(DEFAULT_LENGTH, number(1, LONGEST_TEXT)),
    "decoder": Parameter(False, flag),
    "amount": Parameter("multiply_adds", option(*AMOUNTS)),
}
PARAMETERS: dict[str, Parameter] = {
    **EVERY_PAGE,
    "view": Parameter("mechanism", option(*LAB_VIEWS)),
    **MECHANISM,
    **LEARNING,
    **COST,
}
