"""What is chosen on Pretrained."""

from dataclasses import dataclass, replace

from model.pretrained.base import ModelKind, PretrainedModel, reads_pairs
from model.transformer import AttentionKind as Kind
from ui.link.interventions import chosen_interventions
from ui.link.memory import own_memory, value_of
from ui.runs.model_store import is_loaded, model_of
from ui.runs.pretrained import PretrainedSettings
from ui.runs.subword_display import SubwordDisplay


@dataclass
class PretrainedMemory:
    """What a session keeps of Pretrained, beside what its controls show."""

    written_after: tuple[str, ...] | None = None  # the texts after which a model has written
    has_opened: bool = False  # whether a model has been shown: a link is fitted to the first alone


def pretrained_memory() -> PretrainedMemory:
    """Return what this session keeps of Pretrained."""
    return own_memory(PretrainedMemory)


def chosen_model() -> PretrainedModel | None:
    """Return the chosen model, if it is loaded."""
    choice = value_of("model")
    return model_of(choice) if is_loaded(choice) else None


def model_kind() -> ModelKind | None:
    """Return the kind of the chosen model, if it is loaded."""
    model = chosen_model()
    return model.kind if model else None


def texts() -> tuple[str, str]:
    """Return both texts, as typed."""
    return value_of("text"), value_of("text2")


def asks_together() -> bool:
    """Whether two sentences are to be read in one pass, by a model that can."""
    # Similarity is about two vectors, each of a sentence by itself.
    return bool(value_of("together") and texts()[1].strip() and value_of("view") != "similarity")


def pretrained_settings() -> PretrainedSettings:
    """Return what is chosen at this moment."""
    model = chosen_model()
    sentences: tuple[str, ...] = texts()
    kind = model.kind if model else None
    named = chosen_interventions()
    if kind == "decoder" or (kind != "encoder-decoder" and not sentences[1].strip()):
        sentences = sentences[:1]
    return PretrainedSettings(
        model=value_of("model"),
        texts=sentences,
        added=() if kind == "encoder" else added_tokens(),
        removed=frozenset(named.removed),
        changed=replace(named, removed=()),
        other=value_of("from_text") if named.needs_other else "",
        display=SubwordDisplay(
            merge_words=value_of("words"),
            show_special=value_of("special"),
            show_first=value_of("first"),
            renormalise=value_of("rest"),
        ),
        together=asks_together() and model is not None and reads_pairs(model),
    )


def count_sentences() -> int:
    """Return how many sentences can be looked at."""
    model = chosen_model()
    if model is not None and model.kind != "encoder":
        return 1  # a decoder writes on with one text
    if asks_together() and (model is None or reads_pairs(model)):
        return 1
    return 1 + bool(texts()[1].strip())


def special_tokens_in_use() -> tuple[bool, bool]:
    """Return whether special tokens, or padding, can be hidden, and whether one is first."""
    model, settings = chosen_model(), pretrained_settings()
    if model is None:
        return True, True
    found = [model.tokenizer.special_in(text, settings.added) for text in settings.texts]
    is_padded = model.kind == "encoder" and len(found) > 1 and not settings.together
    return is_padded or any(has for has, _first in found), all(first for _has, first in found)


def added_tokens() -> tuple[int, ...]:
    """Return the ids of the tokens that a decoder has written after the text."""
    return tuple(int(token) for token in value_of("added").split(",") if token)


def kind_shown(model: PretrainedModel) -> Kind:
    """Return the attention that is shown: the chosen one where there are several."""
    kind: Kind = value_of("kind") if len(model.sizes) > 1 else "encoder_self"
    return kind


def layers_shown(model: PretrainedModel) -> int:
    """Return how many layers there are of the attention that is shown."""
    return model.sizes[kind_shown(model)].layers
