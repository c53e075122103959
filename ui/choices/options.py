"""The options that exist, by the names that links hold."""

from typing import Literal, get_args

from model.attention import Scale
from model.config import Activation, NormOrder
from model.masks import Mask
from model.positions import Positions
from model.tokens import Tokenizer
from model.transformer import AttentionKind as Kind
from viz.weight_scale import Curve

Stage = Literal[
    "qkv",
    "energy",
    "scores",
    "weights",
    "weighted_values",
    "projected_values",
    "head_outputs",
    "output",
]
View = Literal["heads", "head", "cell", "layers", "tests", "numbers"]
PairView = Literal["kinds", "heads", "head", "cell", "layers", "numbers"]  # on Encoder-decoder
PretrainedView = Literal[  # on Pretrained; a model has not all of them
    "heads", "head", "cell", "layers", "finder",
    "next", "decision", "writers", "lens", "causes", "circuit",
    "similarity", "numbers",
]  # fmt: skip
LearnView = Literal["watch", "head", "cell", "layers", "circuit", "numbers"]  # on Learn
CompareView = Literal["heads", "head", "divergence", "patching", "numbers"]  # on Compare
Patched = Literal["heads", "positions"]  # what goes from A into B
Pace = Literal["full", "slow"]  # of a training
Overview = Literal["every_head", "mean_heads", "mean_layers", "rollout", "stream"]
Test = Literal["leak", "order"]
Effect = Literal["overview", "difference", "before", "after"]  # of what is changed by hand
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
# Which fields of a trace a stage shows.
FIELDS: dict[Stage, tuple[str, ...]] = {
    "qkv": ("queries", "keys", "values"),
    "energy": ("energy",),
    "scores": ("scores",),
    "weights": ("weights",),
    "weighted_values": ("weighted_values",),
    "projected_values": ("projected_values",),
    "head_outputs": ("head_outputs",),
    "output": ("output",),
}
CARRIED: tuple[Stage, ...] = ("weighted_values", "projected_values")  # of weights and values
FROM_ZERO: tuple[Stage, ...] = ("weights", *CARRIED)  # 0 where masked, and never below
BETWEEN_TOKENS: tuple[Stage, ...] = ("energy", "scores", *FROM_ZERO)  # of (query, key) pairs
VIEWS: tuple[View, ...] = get_args(View)
PAIR_VIEWS: tuple[PairView, ...] = get_args(PairView)
PRETRAINED_VIEWS: tuple[PretrainedView, ...] = get_args(PretrainedView)
LEARN_VIEWS: tuple[LearnView, ...] = get_args(LearnView)
COMPARE_VIEWS: tuple[CompareView, ...] = get_args(CompareView)
PATCHED: tuple[Patched, ...] = get_args(Patched)
PACES: tuple[Pace, ...] = get_args(Pace)
PAIR_MASKS: tuple[Mask, ...] = ("none", "causal", "padding", "causal_padding")
OVERVIEWS: tuple[Overview, ...] = get_args(Overview)
TESTS: tuple[Test, ...] = get_args(Test)
EFFECTS: tuple[Effect, ...] = get_args(Effect)
COLOR_SCALES: tuple[Curve, ...] = get_args(Curve)
KINDS: tuple[Kind, ...] = get_args(Kind)
NORM_ORDERS: tuple[NormOrder, ...] = get_args(NormOrder)
ACTIVATIONS: tuple[Activation, ...] = ("relu", "gelu")

PRESETS: dict[str, tuple[ProjectionChoice, Scale]] = {
    "paper": ("full", "head_dim"),
    "tutorial": ("shared", "embed_size"),
}


def preset_of(projection: ProjectionChoice, scale: Scale) -> str | None:
    """Return the preset with this projection and scale; None if there is none."""
    return next((name for name, v in PRESETS.items() if v == (projection, scale)), None)


TEXT_KEYS = ("text", "text2", "text3", "text4")
