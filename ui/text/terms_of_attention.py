"""The words of one attention, and of what is measured of it."""

from ui.text.i18n import N_
from ui.text.term import Term

TERMS_OF_ATTENTION = {
    "attention": Term(
        N_("attention"),
        N_("How much each word looks at every other word, and what it takes over from them."),
        "softmax(Q·Kᵀ ÷ √D)·V",
        ("attends", "attend", "self-attention", "cross-attention"),
    ),
    "token": Term(
        N_("token"),
        N_("A piece of text that the model reads as one: a word, a part of a word, a character."),
        also=("tokens",),
    ),
    "query": Term(
        N_("query"),
        N_("The list of numbers that says what a token looks for. It is the row that looks."),
        "Q = X·W_Q",
        ("queries", "Q"),
    ),
    "key": Term(
        N_("key"),
        N_("The list of numbers by which a token is found. It is the column that is looked at."),
        "K = X·W_K",
        ("keys", "K", "Kᵀ"),
    ),
    "value": Term(
        N_("value"),
        N_("The list of numbers that a token hands to those who look at it."),
        "V = X·W_V",
        ("values", "V"),
    ),
    "energy": Term(
        N_("energy"),
        N_("How well a query fits a key: their numbers multiplied pair by pair, and added up."),
        "E = Q·Kᵀ",
        ("energies",),
    ),
    "score": Term(
        N_("score"),
        N_(
            "The energy after scaling and masking. The larger it is, the more will be looked there."
        ),
        "S = E ÷ √D",
        ("scores",),
    ),
    "scale": Term(
        N_("scale √d"),
        N_(
            "What energies are divided by: the square root of the head size. Without it, large "
            "heads would look at one word alone."
        ),
        "√D",
        ("√d", "√D"),
    ),
    "softmax": Term(
        N_("softmax"),
        N_("Turns a row of scores into shares that add up to 1; the largest score gets the most."),
        "exp(s) ÷ Σ exp(s)",
    ),
    "weight": Term(
        N_("weight"),
        N_(
            "The share of its attention that a query gives to a key: from 0 to 1, a row adds up "
            "to 1."
        ),
        "A = softmax(S)",
        ("weights",),
    ),
    "head": Term(
        N_("head"),
        N_(
            "One of several attentions that work side by side, each of which looks for something "
            "else."
        ),
        also=("heads",),
    ),
    "layer": Term(
        N_("layer"),
        N_("One round of attention and feed-forward. The next layer reads what this one makes."),
        also=("layers",),
    ),
    "head_output": Term(
        N_("head output"),
        N_(
            "What a head makes for a token: a mix of the values, the more of each the larger its "
            "weight."
        ),
        "A·V",
        ("head outputs",),
    ),
    "output": Term(
        N_("output"),
        N_(
            "What attention makes for a token in the end: the outputs of its heads, mixed once "
            "more."
        ),
        "[A₁·V₁ … A_H·V_H]·W_O",
        ("outputs", "fc_out"),
    ),
    "projection": Term(
        N_("projection"),
        N_("A table of numbers that turns a token's vector into its query, its key or its value."),
        "X·W",
        ("projections",),
    ),
    "mask": Term(
        N_("mask"),
        N_("Says which words may not be looked at. Their scores become −∞, and their weights 0."),
        also=("masked", "masks"),
    ),
    "causal": Term(
        N_("causal"),
        N_("A mask under which nobody looks ahead: each word sees itself and those before it."),
    ),
    "temperature": Term(
        N_("temperature"),
        N_("Divides the scores once more: below 1 the weights get sharper, above 1 more even."),
        "S ÷ T",
    ),
    "embedding": Term(
        N_("embedding"),
        N_("The list of numbers that stands for a token. Its size is how many numbers these are."),
        "E",
        ("embeddings", "embedding size", "word vectors"),
    ),
    "head_size": Term(
        N_("head size (head_dim)"),
        N_("How many numbers a query, a key or a value has in one head."),
        "D = E ÷ H",
        ("head size", "head_dim"),
    ),
    "entropy": Term(
        N_("entropy"),
        N_("How widely a query spreads its weights: 0 is one key alone, log n is n keys evenly."),
        "−Σ a·ln a",
        ("entropies",),
    ),
    "nats": Term(
        N_("nats"),
        N_(
            "The unit of entropy with natural logarithms: 0.69 nats are an even choice between two."
        ),
        "ln 2 = 0.69",
    ),
    "spread": Term(
        N_("spread"),
        N_("How far numbers lie from their mean: their standard deviation."),
        "√(mean of (s − mean s)²)",
        ("standard deviation",),
    ),
    "saturated": Term(
        N_("saturated"),
        N_(
            "A row in which one key has more than 99 % of the weight: training hardly moves it "
            "then."
        ),
        "largest a > 0.99",
    ),
    "gradient": Term(
        N_("softmax's gradient"),
        N_(
            "How strongly weights answer when scores change a little. Near 0, nothing can be "
            "learnt."
        ),
        "∂a ÷ ∂s",
    ),
    "effective_rank": Term(
        N_("effective rank"),
        N_(
            "How many different ways of looking the rows of a head are made of: 1 if all look "
            "alike."
        ),
    ),
}
