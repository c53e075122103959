"""What a saved page holds: plain arrays and texts, checked when they are put together.

The key of shapes: H heads, Q queries, K keys, D head size, E embedding size.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import plotly.graph_objects as go

from ..labels import AxisLabels
from ..theme import Theme
from ..weight_scale import LINEAR, WeightScale
from .words import ENGLISH, Words

Draw = Callable[[Theme], go.Figure]

# Of a layer, beside the weights: which dimensions each has, for the checks.
_SHAPES = {
    "energy": ("H", "Q", "K"),
    "scores": ("H", "Q", "K"),
    "queries": ("H", "Q", "D"),
    "keys": ("H", "K", "D"),
    "values": ("H", "K", "V"),
    "head_outputs": ("H", "Q", "V"),
    "output": ("Q", "E"),
    "allowed": ("Q", "K"),
}


@dataclass(frozen=True)
class Layer:
    """One attention of one layer, for one sentence; None where something isn't known."""

    weights: np.ndarray  # (H, Q, K)
    energy: np.ndarray | None = None  # (H, Q, K) raw q·k
    scores: np.ndarray | None = None  # (H, Q, K) what softmax sees
    queries: np.ndarray | None = None  # (H, Q, D)
    keys: np.ndarray | None = None  # (H, K, D)
    values: np.ndarray | None = None  # (H, K, V)
    head_outputs: np.ndarray | None = None  # (H, Q, V)
    output: np.ndarray | None = None  # (Q, E)
    divisor: float | None = None  # of the energies
    allowed: np.ndarray | None = None  # (Q, K) True where a query may attend; None: everywhere
    # Where sub-words are merged or tokens hidden: the weights as all heads show them.
    shown_weights: np.ndarray | None = None  # (H, Q', K')
    shown_allowed: np.ndarray | None = None  # (Q', K')
    name: str = ""  # "" for its number
    first_head: int = 0  # the number of the first of these heads, where they aren't all

    def __post_init__(self) -> None:
        if self.weights.ndim != 3:
            raise ValueError(f"weights must be (heads, Q, K), got shape {self.weights.shape}")
        sizes: dict[str, int] = dict(zip("HQK", self.weights.shape, strict=True))
        for name, dimensions in _SHAPES.items():
            array = getattr(self, name)
            if array is None:
                continue
            fits = array.ndim == len(dimensions) and all(
                sizes.setdefault(letter, size) == size
                for letter, size in zip(dimensions, array.shape, strict=True)
            )
            if not fits:
                raise ValueError(
                    f"{name} must be ({', '.join(dimensions)}) beside weights of shape "
                    f"{self.weights.shape}, got shape {array.shape}"
                )

    @property
    def heads(self) -> int:
        """How many heads there are."""
        return len(self.weights)


@dataclass(frozen=True)
class Attention:
    """One kind of attention to one sentence, in all layers."""

    layers: Sequence[Layer]  # at least one
    queries: Sequence[str]  # Q tokens, as typed
    keys: Sequence[str]  # K tokens, as typed
    kind: str = ""  # its name where there are several: "encoder self-attention"
    sentence: str = ""  # what tells the sentence apart, where there are several
    query_labels: AxisLabels | None = None  # where they say more than the tokens
    key_labels: AxisLabels | None = None
    # Where sub-words are merged or tokens hidden: what the shown weights' rows and columns are.
    shown_queries: Sequence[str] | None = None
    shown_keys: Sequence[str] | None = None
    shown_query_labels: AxisLabels | None = None
    shown_key_labels: AxisLabels | None = None

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("an attention must have at least one layer, got none")
        tokens = (len(self.queries), len(self.keys))
        for number, layer in enumerate(self.layers):
            if layer.weights.shape[1:] != tokens:
                raise ValueError(
                    f"layer {number} has weights of {layer.weights.shape[1]} queries and "
                    f"{layer.weights.shape[2]} keys, but there are {tokens[0]} and {tokens[1]} "
                    "tokens"
                )

    @property
    def is_whole(self) -> bool:
        """Whether all tokens are shown, one by one."""
        return self.shown_queries is None


@dataclass(frozen=True)
class Picture:
    """A figure that is shown as it stands, with what is said of it."""

    name: str  # what it is chosen by, where there are several
    figure: go.Figure | Draw  # a figure, or what draws one in a theme's colours: light and dark
    caption: str = ""
    narrow: go.Figure | Draw | None = None  # for a phone, if it is another


@dataclass(frozen=True)
class Content:
    """Everything that a saved page shows."""

    title: str
    about: str = ""  # what the weights are: random, trained here, trained by others
    attentions: Sequence[Attention] = ()
    pictures: Sequence[Picture] = ()
    notes: Sequence[str] = ()  # what else has to be known
    link: str = ""  # to the same in the live app: http or https
    version: str = ""
    difference: str = ""  # the badge's number: "2e-07"
    shown: int = 0  # the attention that is shown first
    stage: str = "weights"  # ... and what of it
    view: str = "heads"  # ... and how: "heads", "head", "layers"
    layer: int = 0
    head: int = 0
    query: int | None = None
    scale: WeightScale = LINEAR  # of weights' colours
    words: Words = field(default=ENGLISH)

    def __post_init__(self) -> None:
        if not (self.attentions or self.pictures or self.notes):
            raise ValueError(
                "a page must show an attention or a picture, or say in a note why it doesn't; got "
                "neither"
            )
        if self.attentions and not 0 <= self.shown < len(self.attentions):
            raise ValueError(
                f"shown must be one of {len(self.attentions)} attentions, got {self.shown}"
            )
        if self.link and not self.link.startswith(("http://", "https://")):
            raise ValueError(f"the link must begin with http:// or https://, got {self.link!r}")
