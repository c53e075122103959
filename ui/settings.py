"""What a person can choose: the options, their limits, and the choice itself."""

from dataclasses import dataclass
from math import isqrt
from typing import Any, Literal, get_args

from model.attention import Scale
from model.config import Activation, NormOrder
from model.masks import Mask
from model.positions import Positions
from model.tokens import Tokenizer
from model.transformer import AttentionKind as Kind
from ui.i18n import _
from viz.weight_scale import Curve

Stage = Literal["qkv", "energy", "scores", "weights", "head_outputs", "output"]
View = Literal["heads", "head", "cell", "layers", "tests", "numbers"]
PairView = Literal["kinds", "heads", "head", "cell", "layers", "numbers"]  # on Encoder-decoder
TrainedView = Literal[
    "heads", "head", "cell", "layers", "finder", "next", "similarity", "numbers"
]  # on Pretrained; a model has not all of them
LearnView = Literal["watch", "head", "cell", "layers", "numbers"]  # on Learn
CompareView = Literal["heads", "head", "divergence", "numbers"]  # on Compare
Pace = Literal["full", "slow"]  # of a training
Overview = Literal["every_head", "mean_heads", "mean_layers", "rollout", "stream"]
Test = Literal["leak", "order"]
Vectors = Literal["hashed", "minilm"]  # where a token's vector comes from
Weights = Literal["random", "learnt"]  # the seed's, or those of a model that was trained on Learn
ProjectionChoice = Literal["full", "shared", "identity"]

MASKS: tuple[Mask, ...] = get_args(Mask)
PROJECTIONS: tuple[ProjectionChoice, ...] = get_args(ProjectionChoice)  # the paper's is first
SCALES: tuple[Scale, ...] = ("head_dim", "embed_size", "none")
TOKENIZERS: tuple[Tokenizer, ...] = get_args(Tokenizer)
WEIGHTS: tuple[Weights, ...] = get_args(Weights)
VECTORS: tuple[Vectors, ...] = get_args(Vectors)
POSITIONS: tuple[Positions, ...] = get_args(Positions)
STAGES: tuple[Stage, ...] = get_args(Stage)
BETWEEN_TOKENS: tuple[Stage, ...] = ("energy", "scores", "weights")  # of (query, key) pairs
VIEWS: tuple[View, ...] = get_args(View)
PAIR_VIEWS: tuple[PairView, ...] = get_args(PairView)
TRAINED_VIEWS: tuple[TrainedView, ...] = get_args(TrainedView)
LEARN_VIEWS: tuple[LearnView, ...] = get_args(LearnView)
COMPARE_VIEWS: tuple[CompareView, ...] = get_args(CompareView)
PACES: tuple[Pace, ...] = get_args(Pace)
PAIR_MASKS: tuple[Mask, ...] = ("none", "causal", "padding", "causal_padding")
OVERVIEWS: tuple[Overview, ...] = get_args(Overview)
TESTS: tuple[Test, ...] = get_args(Test)
COLOR_SCALES: tuple[Curve, ...] = get_args(Curve)
KINDS: tuple[Kind, ...] = get_args(Kind)
NORM_ORDERS: tuple[NormOrder, ...] = get_args(NormOrder)
ACTIVATIONS: tuple[Activation, ...] = ("relu", "gelu")

PRESETS: dict[str, tuple[ProjectionChoice, Scale]] = {
    "paper": ("full", "head_dim"),
    "tutorial": ("shared", "embed_size"),
}


def preset_of(projection: ProjectionChoice, scale: Scale) -> str | None:
    """The preset with this projection and scale; None if there is none."""
    return next((name for name, v in PRESETS.items() if v == (projection, scale)), None)


TEXT_KEYS = ("text", "text2", "text3", "text4")

# Limits, each for a reason:
MAX_TOKENS = 512  # 8 heads of 512 × 512 take a quarter of a second; beyond, a class would wait
MAX_CHARACTERS = 20_000  # of a sentence: 512 long words, and no more to tokenise than that
SMALLEST_EMBEDDING, LARGEST_EMBEDDING = 8, 512
MAX_HEADS = 16  # more don't fit a projector with their labels
MAX_LAYERS = 12  # a thumbnail of 12 × 12 is 80 × 36 pixels: smaller shows no pattern
MAX_TRAINED_HEADS = MAX_TRAINED_LAYERS = 128  # of somebody else's model: what an input takes
MOST_ADDED = 64  # tokens that a model writes: a link holds no more, and a class waits no longer
MOST_REMOVED = 64  # heads: a link holds no more
# Sentences × layers × heads × tokens²: energy, scores and weights of so many cells are 100 MB and
# a quarter of a second, and several people may ask at once.
MAX_CELLS = 8 * 2**20
# Of all layers: 32 MB, which take 0.3 s to make for the first person who asks for them.
MAX_WEIGHTS = 8 * 2**20
# Of the order experiment, which runs up to fifteen encoders: more words would make a class wait.
MOST_SHUFFLED = 64
MOST_ENCODERS = 15
# Tokens × weights, of the experiments, which run a model several times: a quarter of a second.
MAX_PRODUCTS = 2_000_000_000
PRODUCTS_OF_A_CELL = 100  # take about as long as it takes to compute and draw a cell
MAX_SPAN = 64  # of a window, a prefix or a step: beyond, it is a sentence without a mask
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.1, 5.0
LARGEST_SEED = 2**31 - 1
LOWEST_END, HIGHEST_END = 0.001, 1.0  # weights at the end of the colours: no weight is above 1

DEFAULT_TEXT = "The animal didn't cross the street because it was too tired."
DEFAULT_TARGET = "Das Tier überquerte die Straße nicht, weil es zu müde war."
# Where a trained model shows that "it" is the "animal": 0.68 of the weight in MiniLM, 0.75 in
# SmolLM2. Tests hold these against the models.
TELLING: dict[str, dict[str, int]] = {
    "minilm": {"layer": 3, "head": 1, "q": 10},
    "smollm2": {"layer": 13, "head": 8, "q": 8},
}
DEFAULT_OTHER = "banana"  # takes a word's place in the leak test
# Which controls of Explore an example sets; the others stay as they are.
EXAMPLES: dict[str, dict[str, Any]] = {
    _("English"): {"text": DEFAULT_TEXT},
    _("Chinese"): {"text": "我喜欢猫，因为猫很安静。"},
    _("Repeated words"): {"text": "the cat saw the dog and the dog saw the cat"},
    _("Garden path"): {"text": "The old man the boat while the horse raced past the barn fell."},
    # Each of these nouns and colours looks at itself first and then at its like: cat at dog. A
    # word is so similar to itself that only a high temperature leaves weight for others.
    _("Similar meanings"): {
        "text": "The king has a cat and a red car, the queen a dog and a blue truck.",
        "vectors": "minilm",
        "projection": "identity",
        "heads": 1,
        "embed_size": 64,
        "layers": 1,
        "layer": 0,
        "mask": "none",
        "scale": "head_dim",
        "temperature": 5.0,
        "tokenizer": "words",
        "positions": "none",
        "norm_order": "post",
    },
}

# On Learn, where sizes are small enough to learn within seconds.
LEARN_EMBEDDINGS = [8, 16, 24, 32, 48, 64, 96, 128]
LEARN_RATES = [1e-4, 3e-4, 1e-3, 1.5e-3, 2e-3, 3e-3, 5e-3, 1e-2, 3e-2, 0.1, 1.0, 10.0, 1000.0]
LEARN_STEPS = [50, 100, 200, 300, 400, 500, 600, 800, 1000, 1200, 1500, 2000, 3000]
MOST_HEADS_SHOWN = 8  # of all layers, and as many of a run to compare with: more are too small
SLOW_SECONDS = 20.0  # of a whole training at the slow pace: long enough to talk about it
MAX_PROBE = 400  # characters of a probe: 48 symbols, the longest of which are words
MAX_CORPUS = 20_000  # characters: some pages, which are read in milliseconds


@dataclass(frozen=True)
class Settings:
    """Everything that the numbers depend on; two equal settings give equal numbers."""

    texts: tuple[str, ...]  # one to four sentences; on Encoder-decoder source, target, source ...
    layers: int
    heads: int
    embed_size: int
    mask: Mask
    span: int  # of the masks that have one: see model.masks.build_mask
    look_ahead: bool
    cells: str
    projection: ProjectionChoice
    scale: Scale
    temperature: float
    tokenizer: Tokenizer
    vectors: Vectors
    positions: Positions
    norm_order: NormOrder
    activation: Activation
    seed: int

    def __post_init__(self) -> None:
        """Raise ValueError for what no control can choose; the modules check the rest."""
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
        if not 1 <= self.layers <= MAX_LAYERS:
            raise ValueError(f"layers must lie between 1 and {MAX_LAYERS}, got {self.layers}")


def head_choices(embed_size: int) -> list[int]:
    """The head counts that divide an embedding size, up to MAX_HEADS."""
    return [n for n in range(1, MAX_HEADS + 1) if embed_size % n == 0]


def layer_choices(embed_size: int, *, pair: bool = False) -> list[int]:
    """The layer counts whose weights fit into MAX_WEIGHTS; `pair` for an encoder and a decoder."""
    of_a_layer = count_weights(1, embed_size, pair=pair)
    return list(range(1, max(1, min(MAX_LAYERS, MAX_WEIGHTS // of_a_layer)) + 1))


def count_weights(layers: int, embed_size: int, *, pair: bool = False) -> int:
    """About how many weights the layers have; `pair` for an encoder and a decoder."""
    # Attention has 4 E² weights, a feed-forward with its hidden 4 E has 8 E².
    return layers * (28 if pair else 12) * embed_size**2


def most_tokens(sentences: int, layers: int, heads: int) -> int:
    """How many tokens of each sentence fit into MAX_CELLS and MAX_TOKENS."""
    return most_tokens_of(sentences * layers * heads)


def most_tokens_of(maps: int) -> int:
    """How many tokens fit where so many matrices of weights are made, all heads together."""
    return min(MAX_TOKENS, isqrt(MAX_CELLS // maps))


def fits_leak_matrix(tokens: int, layers: int, heads: int, embed_size: int) -> bool:
    """Whether every token of a sentence can be changed in turn, in one go."""
    cells = layers * heads * tokens**3
    products = tokens**2 * layers * 12 * embed_size**2
    return cells <= MAX_CELLS and products <= MAX_PRODUCTS


def most_shuffled(layers: int, embed_size: int) -> int:
    """How many tokens of a sentence the order experiment uses."""
    return min(MOST_SHUFFLED, MAX_PRODUCTS // (MOST_ENCODERS * count_weights(layers, embed_size)))


def fits_rotary(embed_size: int, heads: int) -> bool:
    """Whether a head's vectors fall into the pairs of numbers that rotary positions turn."""
    return embed_size // heads % 2 == 0


def nearest(wanted: float, choices: list[int]) -> int:
    """The choice nearest to the wanted number; of two, the smaller."""
    return min(choices, key=lambda choice: (abs(choice - wanted), choice))
