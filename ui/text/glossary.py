"""The words of attention, each explained once: in tooltips, in docs/glossary.md and in lessons.

What is shown of it: see ui.text.explain. `python -m tools.glossary` writes the document anew.
"""

from ui.text.i18n import N_
from ui.text.term import Term
from ui.text.terms_of_attention import TERMS_OF_ATTENTION

GLOSSARY = {
    **TERMS_OF_ATTENTION,
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
