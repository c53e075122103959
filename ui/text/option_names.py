"""The words for options, on the screen and in links.

Streamlit writes an option into the URL as it is shown, so the words are short and in lower case;
the page's style capitalises them. A link may also use the identifier (`stage=head_outputs`).
"""

from collections.abc import Sequence

from ui.text.i18n import _

WORDS = {
    "none": _("none"),
    "causal": _("causal"),
    "padding": _("padding"),
    "causal_padding": _("causal + padding"),
    "window": _("window"),
    "prefix": _("prefix"),
    "strided": _("every n-th"),
    "custom": _("custom"),
    "full": _("full"),
    "shared": _("shared"),
    "identity": _("identity"),
    "head_dim": "head_dim",  # as in the code and in the literature
    "embed_size": "embed_size",
    "paper": _("paper"),
    "tutorial": _("tutorial"),
    "words": _("words"),
    "english": _("English"),
    "chinese": _("Chinese"),
    "repeated_words": _("Repeated words"),
    "garden_path": _("Garden path"),
    "similar_meanings": _("Similar meanings"),
    "characters": _("characters"),
    "hashed": _("hashed"),
    "sinusoidal": _("sinusoidal"),
    "learned": _("learned"),
    "rotary": _("rotary"),
    "alibi": "ALiBi",
    "post": _("post-norm"),
    "pre": _("pre-norm"),
    "relu": "ReLU",
    "gelu": "GELU",
    "qkv": _("Q·K·V"),
    "energy": _("energy"),
    "scores": _("scores"),
    "weights": _("weights"),
    "head_outputs": _("head outputs"),
    "output": _("output"),
    "heads": _("all heads"),
    "head": _("one head"),
    "cell": _("cell"),
    "numbers": _("numbers"),
    "layers": _("layers"),
    "tests": _("tests"),
    "kinds": _("side by side"),
    "every_head": _("every head"),
    "mean_heads": _("mean over heads"),
    "mean_layers": _("mean over layers"),
    "rollout": _("rollout"),
    "stream": _("residual stream"),
    "linear": _("linear"),
    "log": _("log"),
    "sqrt": _("sqrt"),
    "leak": _("leak test"),
    "order": _("word order"),
    "finder": _("find heads"),
    "next": _("next token"),
    "similarity": _("similarity"),
    "previous": _("previous token"),
    "first": _("first token"),
    "same": _("same token"),
    "induction": _("induction"),
    "entropy": _("entropy"),
    "minilm": "MiniLM",
    "smollm2": "SmolLM2",
    "explore": _("Explore"),
    "encoder-decoder": _("Encoder-decoder"),
    "pretrained": _("Pretrained"),
    "learn": _("Learn"),
    "random": _("random"),
    "learnt": _("learnt"),
    "watch": _("watch"),
    "slow": _("slow"),
    "reverse_positions": _("Reverse needs positions"),
    "one_head": _("One head can't do two things at once"),
    "induction_layers": _("Induction needs two layers"),
    "learning_scale": _("What scale does to learning"),
    "reverse": _("reverse"),
    "copy": _("copy"),
    "shift": _("shift"),
    "sort": _("sort"),
    "histogram": _("histogram"),
    "majority": _("majority"),
    "compare": _("compare"),
    "lookup": _("look up"),
    "brackets": _("brackets"),
    "divergence": _("divergence"),
    "a": "A",
    "b": "B",
    "encoder_self": _("encoder self"),
    "decoder_self": _("decoder self"),
    "cross": _("cross"),
}


def word(option: str) -> str:
    """What an option is called on the screen; a model that isn't ours has its own name."""
    return WORDS.get(option, option)


def find_option(text: str, options: Sequence[str]) -> str | None:
    """The option that a link means, by its word or its identifier; None if there is none."""
    wanted = _plain(text)
    return next((o for o in options if wanted in (_plain(o), _plain(word(o)))), None)


def _plain(text: str) -> str:
    """Lower case and single spaces; a plus sign is a space in a hand-written link."""
    return " ".join(text.casefold().replace("_", " ").replace("+", " ").split())
