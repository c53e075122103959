"""Texts to begin with, and what they show."""

from typing import Any

DEFAULT_TEXT = "The animal didn't cross the street because it was too tired."
DEFAULT_TARGET = "Das Tier überquerte die Straße nicht, weil es zu müde war."
# Where a trained model shows that "it" is the "animal": 0.68 of the weight in MiniLM, 0.75 in
# SmolLM2. Tests hold these against the models.
TELLING: dict[str, dict[str, int]] = {
    "minilm": {"layer": 3, "head": 1, "q": 10},
    "smollm2": {"layer": 13, "head": 8, "q": 8},
}
DEFAULT_OTHER = "banana"  # takes a word's place in the leak test
# Which controls of Explore an example sets; see ui.controls.examples for the others.
EXAMPLES: dict[str, dict[str, Any]] = {
    "english": {"text": DEFAULT_TEXT},
    "chinese": {"text": "我喜欢猫，因为猫很安静。"},
    "repeated_words": {"text": "the cat saw the dog and the dog saw the cat"},
    "garden_path": {"text": "The old man the boat while the horse raced past the barn fell."},
    # Each of these nouns and colours looks at itself first and then at its like: cat at dog. A
    # word is so similar to itself that only a high temperature leaves weight for others.
    "similar_meanings": {
        "text": "The king has a cat and a red car, the queen a dog and a blue truck.",
        "vectors": "minilm",
        "projection": "identity",
        "heads": 1,
        "embed_size": 64,
        "layers": 1,
        "layer": 0,
        "mask": "none",
        "scale": "head_dim",
        "temperature": 5.0,
        "tokenizer": "words",
        "positions": "none",
        "norm_order": "post",
    },
}
