"""What a person can choose on Explore: the options, their limits, and the choice itself."""

from dataclasses import dataclass
from typing import Literal, get_args

from model.attention import Projection, Scale
from model.masks import Mask
from model.tokens import Tokenizer
from ui.i18n import _

Positions = Literal["none", "sinusoidal"]
Stage = Literal["qkv", "energy", "scores", "weights", "head_outputs", "output"]
View = Literal["heads", "head", "cell", "numbers"]

MASKS: tuple[Mask, ...] = get_args(Mask)
PROJECTIONS: tuple[Projection, ...] = ("full", "shared")  # the app opens with the paper's
SCALES: tuple[Scale, ...] = ("head_dim", "embed_size", "none")
TOKENIZERS: tuple[Tokenizer, ...] = get_args(Tokenizer)
POSITIONS: tuple[Positions, ...] = get_args(Positions)
STAGES: tuple[Stage, ...] = get_args(Stage)
VIEWS: tuple[View, ...] = get_args(View)

PRESETS: dict[str, tuple[Projection, Scale]] = {
    "paper": ("full", "head_dim"),
    "tutorial": ("shared", "embed_size"),
}


def preset_of(projection: Projection, scale: Scale) -> str | None:
    """The preset with this projection and scale; None if there is none."""
    return next((name for name, v in PRESETS.items() if v == (projection, scale)), None)


TEXT_KEYS = ("text", "text2", "text3", "text4")

# Limits, each for a reason:
MAX_TOKENS = 512  # 8 heads of 512 × 512 take a quarter of a second; beyond, a class would wait
MAX_CHARACTERS = 20_000  # of a sentence: 512 long words, and no more to tokenise than that
SMALLEST_EMBEDDING, LARGEST_EMBEDDING = 8, 512
MAX_HEADS = 16  # more don't fit a projector with their labels
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.1, 5.0
LARGEST_SEED = 2**31 - 1

DEFAULT_TEXT = "The animal didn't cross the street because it was too tired."
EXAMPLES: dict[str, str] = {
    _("English"): DEFAULT_TEXT,
    _("Chinese"): "我喜欢猫，因为猫很安静。",
    _("Repeated words"): "the cat saw the dog and the dog saw the cat",
    _("Garden path"): "The old man the boat while the horse raced past the barn fell.",
}


@dataclass(frozen=True)
class Settings:
    """Everything that the numbers depend on; two equal settings give equal numbers."""

    texts: tuple[str, ...]  # one to four sentences
    heads: int
    embed_size: int
    mask: Mask
    projection: Projection
    scale: Scale
    temperature: float
    tokenizer: Tokenizer
    positions: Positions
    seed: int

    def __post_init__(self) -> None:
        """Raise ValueError for what no control can choose; the module checks the rest."""
        if not 1 <= len(self.texts) <= len(TEXT_KEYS):
            raise ValueError(f"there must be 1 to {len(TEXT_KEYS)} texts, got {len(self.texts)}")
        if not SMALLEST_EMBEDDING <= self.embed_size <= LARGEST_EMBEDDING:
            raise ValueError(
                f"embed_size must lie between {SMALLEST_EMBEDDING} and {LARGEST_EMBEDDING}, "
                f"got {self.embed_size}"
            )
        if self.heads not in head_choices(self.embed_size):
            raise ValueError(
                f"heads must be one of {head_choices(self.embed_size)} for an embedding of "
                f"{self.embed_size}, got {self.heads}"
            )


def head_choices(embed_size: int) -> list[int]:
    """The head counts that divide an embedding size, up to MAX_HEADS."""
    return [n for n in range(1, MAX_HEADS + 1) if embed_size % n == 0]


def nearest(wanted: float, choices: list[int]) -> int:
    """The choice nearest to the wanted number; of two, the smaller."""
    return min(choices, key=lambda choice: (abs(choice - wanted), choice))
