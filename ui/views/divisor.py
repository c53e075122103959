"""What energies are divided by, as people write it."""

from model.pretrained.base import AttentionFacts
from ui.runs.run import Run
from ui.text.i18n import _

MOST_DIVISORS = 3  # that are told apart in a line


def divisor_text(facts: AttentionFacts, *, latex: bool = False) -> str:
    """Return the divisor as people write it: √8, 1, (√8 × 0.5)."""
    size = {"head_dim": facts.head_dim, "embed_size": facts.embed_size}.get(facts.scale)
    root = "1" if size is None else f"\\sqrt{{{size}}}" if latex else f"√{size}"
    if facts.temperature == 1:
        return root
    times = "\\cdot" if latex else "×"
    return f"({root} {times} {facts.temperature:g})"


def divisors_text(run: Run) -> str:
    """Return the divisors, which may differ from kind to kind and from layer to layer."""
    every = dict.fromkeys(map(divisor_text, run.every_facts()))
    if len(every) > MOST_DIVISORS:
        return _("numbers of each layer's own")
    return _(" or ").join(every)
