"""What stages and overviews show, in plain words, for every view that has them."""

from ui.choices.options import Overview, Stage
from ui.text.descriptions import Description
from ui.text.i18n import N_

# Whoever sees one sees the names of all, in the switch beside it.
_NAMES = ("query", "key", "value", "energy", "score", "weight", "head_output", "output")
STAGES: dict[Stage, Description] = {
    "qkv": Description(
        N_(
            "Q·K·V: what each word looks for (:q[query]), what it is found by (:k[key]), and what "
            "it hands on (:v[value])."
        ),
        ":q[Q] = X·W_Q, :k[K] = X·W_K, :v[V] = X·W_V",
        ("query", "key", "value", "token", "head", *_NAMES),
    ),
    "energy": Description(
        N_("Energy: how well each :q[query] fits each :k[key], before scale and mask."),
        ":q[Q]·:k[K]ᵀ",
        ("energy", "query", "key", "scale", "mask", "head", *_NAMES),
    ),
    "scores": Description(
        N_(
            "Scores: how well each :q[query] fits each :k[key]. The larger, the more this word "
            "will look there."
        ),
        "S = :q[Q]·:k[K]ᵀ ÷ √D",
        ("score", "query", "key", "scale", "mask", "head", *_NAMES),
    ),
    "weights": Description(
        N_("Weights: how much each word (a row, its :q[query]) looks at each word (its :k[key])."),
        "A = softmax(S)",
        ("weight", "query", "key", "softmax", "score", "head", *_NAMES),
    ),
    "weighted_values": Description(
        N_(
            "Weight × length of the :v[value]: how much of each word is handed over, whatever its "
            "direction."
        ),
        "A·‖:v[V]‖",
        ("weight", "value", "query", "key", "head", *_NAMES),
    ),
    "projected_values": Description(
        N_(
            "Weight × length of the :v[value] after the output table: how much each word adds, "
            "whatever its direction."
        ),
        "A·‖:v[V]·W_O‖",
        ("weight", "value", "output", "query", "key", "head", *_NAMES),
    ),
    "head_outputs": Description(
        N_("Head outputs: what a head makes of each word, its :v[values] mixed by their weights."),
        "A·:v[V]",
        ("head_output", "head", "value", "weight", "token", *_NAMES),
    ),
    "output": Description(
        N_("Output: what all heads together make for each word, mixed by one more table."),
        "[A₁·:v[V₁] … A_H·:v[V_H]]·W_O",
        ("output", "head", "weight", "value", "token", *_NAMES),
    ),
}
_WEIGHTS = ("weight", "query", "key", "head", "layer", "rollout", "residual_stream")
OVERVIEWS: dict[Overview, Description] = {
    "every_head": Description(
        N_("Every head: a small picture of how much each word looks at each word, head by head."),
        "A = softmax(S)",
        (*_WEIGHTS, "softmax", "score"),
    ),
    "mean_heads": Description(
        N_(
            "Mean over heads: how much each word looks at each word in a layer, all heads together."
        ),
        "(A₁ + … + A_H) ÷ H",
        _WEIGHTS,
    ),
    "mean_layers": Description(
        N_("Mean over layers: how much each word looks at each word, in the heads of one number."),
        "(A₁ + … + A_N) ÷ N",
        _WEIGHTS,
    ),
    "rollout": Description(
        N_("Rollout: how much of each input word has come to each place, layer after layer."),
        "½(A_N + I) · … · ½(A₁ + I)",
        ("rollout", "residual_stream", "token", "value", "feed_forward", "norm", *_WEIGHTS),
    ),
    "stream": Description(
        N_("Residual stream: how the vector of each word changes as the layers add to it."),
        "x + f(x)",
        ("residual_stream", "token", "layer", "attention", "feed_forward", "norm", "rollout"),
    ),
}
