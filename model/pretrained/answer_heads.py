"""The heads with which encoders answer: what stands behind a mask, and which class a text is of.

A model of transformers brings one where its config names it; without, it makes vectors alone.
Sources: Devlin et al. (2019), "BERT", section 3.1, masked language model, and section 4.1.
"""

from typing import Any

from torch import Tensor

# By how the name of an architecture ends: the class that loads it, and the mapping that has it.
HEADS = {
    "ForMaskedLM": ("AutoModelForMaskedLM", "MODEL_FOR_MASKED_LM_MAPPING"),
    "ForSequenceClassification": (
        "AutoModelForSequenceClassification",
        "MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING",
    ),
}
ONE_OF_SEVERAL = (None, "single_label_classification")  # of which softmax makes probabilities


def answering_class(transformers: Any, config: Any) -> str | None:
    """Return the class that loads an encoder with its head; None if its config names none."""
    for name in config.architectures or ():
        for ending, (auto_class, mapping) in HEADS.items():
            if name.endswith(ending) and type(config) in getattr(transformers, mapping):
                return auto_class
    return None


def class_names(model: Any) -> tuple[str, ...]:
    """Return what a classifier's classes are called; nothing for what isn't one of several."""
    config = model.config
    is_classifier = type(model).__name__.endswith("ForSequenceClassification")
    if not is_classifier or config.problem_type not in ONE_OF_SEVERAL or config.num_labels < 2:
        return ()
    return tuple(str(config.id2label[label]) for label in range(config.num_labels))


def fills_masks(model: Any) -> bool:
    """Whether a model says what stands behind a mask."""
    return type(model).__name__.endswith("ForMaskedLM")


def mask_logits(logits: Tensor, ids: Tensor, own: Tensor, mask_token: int) -> tuple[Tensor, ...]:
    """Return what may stand behind each mask, (M, V) for each sentence.

    Args:
        logits: (B, L, V).
        ids: (B, L).
        own: (B, L), not 0 for the sentences' own tokens.
        mask_token: the id of what hides a token.
    """
    is_mask = (ids == mask_token) & (own != 0)
    return tuple(row[where].clone() for row, where in zip(logits, is_mask, strict=True))
