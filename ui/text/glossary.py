"""The words of attention, each explained once: in tooltips, in docs/glossary.md and in lessons.

What is shown of it: see ui.text.explain. `python -m tools.glossary` writes the document anew.
"""

from dataclasses import dataclass

from ui.text.i18n import N_


@dataclass(frozen=True)
class Term:
    """A word of the field, for people who meet it for the first time."""

    name: str
    explanation: str  # at most 30 words
    formula: str = ""
    also: tuple[str, ...] = ()  # other forms of it on the screen, in English


GLOSSARY = {
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
    "residual_stream": Term(
        N_("residual stream"),
        N_(
            "The vector of a token on its way through the layers: each of them adds something to "
            "it."
        ),
        "x + f(x)",
    ),
    "logit_lens": Term(
        N_("logit lens"),
        N_(
            "Reading a vector on its way as if it were the last one: what the model would say if "
            "it ended there. A lens, and not what it says."
        ),
        "softmax(logits of norm(x))",
        ("lens",),
    ),
    "composition": Term(
        N_("composition"),
        N_(
            "How much of what an earlier head writes a later one reads, by their weights alone, "
            "for its query, its key or its value."
        ),
        "‖W₂·W₁‖ ÷ (‖W₂‖·‖W₁‖)",
        ("compose",),
    ),
    "circuit": Term(
        N_("circuit"),
        N_("Heads that do something together: a later one uses what an earlier one wrote."),
        also=("circuits",),
    ),
    "rollout": Term(
        N_("rollout"),
        N_("How much of each input word has come to each place, if attention were all there is."),
        "½(A + I), layer by layer",
    ),
    "feed_forward": Term(
        N_("feed-forward"),
        N_("Two layers of weights after each attention, through which every token goes by itself."),
        "W₂·f(W₁·x)",
    ),
    "norm": Term(
        N_("norm"),
        N_("Brings a token's vector to a standard length, so that numbers stay in bounds."),
        "(x − mean) ÷ spread",
        ("norms", "post-norm", "pre-norm"),
    ),
    "positions": Term(
        N_("positions"),
        N_("How a model knows where a word stands. Without them, order makes no difference to it."),
    ),
    "sinusoidal": Term(
        N_("sinusoidal"),
        N_("Positions as waves of many lengths, added to the embeddings."),
        "sin(p ÷ 10000^(2i÷E))",
    ),
    "rotary": Term(
        N_("rotary"),
        N_("Positions as turns: queries and keys are turned, the further the later they stand."),
    ),
    "alibi": Term(
        N_("ALiBi"),
        N_("Positions as a discount: the further away a key is, the more its score is lowered."),
        "S − slope × distance",
    ),
    "sub_word": Term(
        N_("sub-word"),
        N_("A part of a word that is a token by itself; rare words are made of several."),
        also=("sub-words",),
    ),
    "special_token": Term(
        N_("special token"),
        N_("A token that nobody typed, such as [CLS] at the beginning. Many heads rest on it."),
        also=("special tokens",),
    ),
    "divergence": Term(
        N_("Jensen-Shannon divergence"),
        N_(
            "How far two rows of weights are apart: 0 if they are the same, 0.69 if no key is "
            "shared."
        ),
        "H(½a + ½b) − ½H(a) − ½H(b)",
        ("divergence", "diverge", "Jensen-Shannon"),
    ),
    "induction": Term(
        N_("induction"),
        N_(
            "To look at what followed the same word the last time, and so to continue a repetition."
        ),
    ),
    "logit": Term(
        N_("logit"),
        N_(
            "The number that a model gives to each possible next token. Softmax makes shares of "
            "them."
        ),
        also=("logits",),
    ),
    "held_out": Term(
        N_("held-out"),
        N_(
            "Examples that are kept back from training: they show what was learnt, and not by "
            "heart."
        ),
    ),
    "accuracy": Term(N_("accuracy"), N_("The share of the answers that are right.")),
    "loss": Term(
        N_("loss"),
        N_("How surprised the model is by the right answers, in nats. Training makes it smaller."),
        "−ln p(right answer)",
    ),
    "step": Term(
        N_("step"),
        N_("One update of all parameters in a training, after a look at a handful of examples."),
        also=("steps",),
    ),
    "learning_rate": Term(
        N_("learning rate"),
        N_("How far the parameters move in one step. Too small is slow, too large never settles."),
    ),
    "parameters": Term(N_("parameters"), N_("All numbers of a model that training changes.")),
    "seed": Term(
        N_("seed"),
        N_("The number from which everything random is made: the same seed makes the same again."),
        also=("seeds",),
    ),
    "multiply_adds": Term(
        N_("multiply-adds"),
        N_("How often two numbers are multiplied and added on: the work of computing."),
    ),
}
