"""The words for options, on the screen and in links.

Links are written with identifiers (`stage=head_outputs`). Older ones hold the words in English,
which are read in every language. The words are in lower case; the page's style capitalises them.
"""

from collections.abc import Callable, Sequence

from ui.text.i18n import N_, _

WORDS = {
    "none": N_("none"),
    "causal": N_("causal"),
    "padding": N_("padding"),
    "causal_padding": N_("causal + padding"),
    "window": N_("window"),
    "prefix": N_("prefix"),
    "strided": N_("every n-th"),
    "custom": N_("custom"),
    "full": N_("full"),
    "shared": N_("shared"),
    "identity": N_("identity"),
    "head_dim": "head_dim",  # as in the code and in the literature
    "embed_size": "embed_size",
    "paper": N_("paper"),
    "tutorial": N_("tutorial"),
    "words": N_("words"),
    "english": N_("English"),
    "chinese": N_("Chinese"),
    "repeated_words": N_("Repeated words"),
    "garden_path": N_("Garden path"),
    "similar_meanings": N_("Similar meanings"),
    "characters": N_("characters"),
    "hashed": N_("hashed"),
    "sinusoidal": N_("sinusoidal"),
    "learned": N_("learned"),
    "rotary": N_("rotary"),
    "alibi": "ALiBi",
    "post": N_("post-norm"),
    "pre": N_("pre-norm"),
    "relu": "ReLU",
    "gelu": "GELU",
    "qkv": N_("Q·K·V"),
    "energy": N_("energy"),
    "scores": N_("scores"),
    "weights": N_("weights"),
    "weighted_values": "A·‖V‖",  # as the formulas have it: in words it would fill the row
    "projected_values": "A·‖V·W_O‖",
    "head_outputs": N_("head outputs"),
    "output": N_("output"),
    "heads": N_("all heads"),
    "head": N_("one head"),
    "cell": N_("cell"),
    "numbers": N_("numbers"),
    "layers": N_("layers"),
    "mechanism": N_("mechanism"),
    "learning": N_("learning"),
    "cost": N_("cost"),
    "tests": N_("tests"),
    "kinds": N_("side by side"),
    "every_head": N_("every head"),
    "mean_heads": N_("mean over heads"),
    "mean_layers": N_("mean over layers"),
    "rollout": N_("rollout"),
    "stream": N_("residual stream"),
    "linear": N_("linear"),
    "log": N_("log"),
    "sqrt": N_("sqrt"),
    "leak": N_("leak test"),
    "order": N_("word order"),
    "finder": N_("find heads"),
    "causes": N_("what follows"),
    "overview": N_("overview"),
    "difference": N_("difference"),
    "before": N_("before"),
    "after": N_("after"),
    "next": N_("next token"),
    "answer": N_("answer"),
    "decision": N_("decision"),
    "writers": N_("writers"),
    "lens": N_("read early"),
    "similarity": N_("similarity"),
    "previous": N_("previous token"),
    "first": N_("first token"),
    "same": N_("same token"),
    "induction": N_("induction"),
    "entropy": N_("entropy"),
    "minilm": "MiniLM",
    "from_file": N_("from a file"),
    "smollm2": "SmolLM2",
    "explore": N_("Explore"),
    "encoder-decoder": N_("Encoder-decoder"),
    "pretrained": N_("Pretrained"),
    "learn": N_("Learn"),
    "random": N_("random"),
    "learnt": N_("learnt"),
    "watch": N_("watch"),
    "circuit": N_("circuit"),
    "slow": N_("slow"),
    "reverse_positions": N_("Reverse needs positions"),
    "one_head": N_("One head can't do two things at once"),
    "induction_layers": N_("Induction needs two layers"),
    "learning_scale": N_("What scale does to learning"),
    "reverse": N_("reverse"),
    "copy": N_("copy"),
    "shift": N_("shift"),
    "sort": N_("sort"),
    "histogram": N_("histogram"),
    "majority": N_("majority"),
    "compare": N_("compare"),
    "lookup": N_("look up"),
    "brackets": N_("brackets"),
    "divergence": N_("divergence"),
    "patching": N_("A into B"),
    "positions": N_("positions"),
    "a": "A",
    "b": "B",
    "encoder_self": N_("encoder self"),
    "decoder_self": N_("decoder self"),
    "cross": N_("cross"),
}


def word(option: str) -> str:
    """Return what an option is called on the screen; a model that isn't ours has its own name."""
    return _(WORDS[option]) if option in WORDS else option


def capital(option: str) -> str:
    """Return what an option is called where it begins a line, as in a list."""
    name = word(option)
    return name[:1].upper() + name[1:]


def find_option(text: str, options: Sequence[str]) -> str | None:
    """Return the option that a link means, by its identifier or its word; None if there is none.

    Words are read in English, as links once held them, and in the session's own language.
    """
    wanted = _plain(text)
    named: tuple[Callable[[str], str], ...] = (str, lambda o: WORDS.get(o, o), word)
    return next((o for name in named for o in options if wanted == _plain(name(o))), None)


def _plain(text: str) -> str:
    """Lower case and single spaces; a plus sign is a space in a hand-written link."""
    return " ".join(text.casefold().replace("_", " ").replace("+", " ").split())
