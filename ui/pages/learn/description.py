"""What is watched on Learn, in plain words."""

from ui.text.descriptions import Description
from ui.text.i18n import N_

WATCHED = Description(
    N_(
        "Watch: how the answers get better while the heads learn where to look. A row is a "
        ":q[query], a column a :k[key]."
    ),
    "A = softmax(S)",
    (
        "step",
        "held_out",
        "accuracy",
        "loss",
        "entropy",
        "nats",
        "head",
        "weight",
        "softmax",
        "query",
        "key",
    ),
)
