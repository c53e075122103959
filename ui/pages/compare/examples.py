"""Pairs of sentences whose answers differ by one word: what tells them apart can be patched."""

from typing import Any

from ui.controls.examples import draw_examples
from ui.link.side import Side
from ui.pages.pretrained.page import PAGE as PRETRAINED
from ui.text.i18n import N_, _

# A and B. That SmolLM2 answers what their names claim is tested.
PAIRS: dict[str, tuple[str, str]] = {
    N_("Who gets the drink?"): (
        "When Mary and John went to the store, John gave a drink to",
        "When Mary and John went to the store, Mary gave a drink to",
    ),
    N_("A capital: Paris or Berlin"): ("The capital of France is", "The capital of Germany is"),
    N_("A repeated list: stone or horse"): (
        "The words are: river lamp stone fish cloud. Again: river lamp",
        "The words are: river lamp horse fish cloud. Again: river lamp",
    ),
}
BEGINS_ANEW = ("q", "k", "head", "side", "stage")  # what means nothing in other sentences


def example_of(name: str) -> dict[str, Any]:
    """Return the parameters of Compare that a pair sets."""
    a, b = (Side.of(PRETRAINED, {"model": "smollm2", "text": text}).text for text in PAIRS[name])
    return {"a": a, "b": b, "view": "patching", "one_text": False}


def draw_pairs() -> None:
    """Draw the choice of a pair of sentences."""
    draw_examples({name: example_of(name) for name in PAIRS}, named=_, begin_anew=BEGINS_ANEW)
