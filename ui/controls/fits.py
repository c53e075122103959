"""Sizes of a model that must go together: brought in line, with a notice where one is changed."""

from collections.abc import Callable
from functools import partial

from model.pretrained.base import ModelUnavailableError
from ui.choices.limits import MAX_HEADS
from ui.choices.options import POSITIONS, VECTORS
from ui.choices.sizes import fits_rotary, head_choices, layer_choices
from ui.link.fitting import fit_among, wanted_of
from ui.link.memory import settle, value_of
from ui.link.notices import notice
from ui.runs.word_vectors import word_vectors
from ui.text.errors import describe_error
from ui.text.i18n import _


def size_fits(*, pair: bool = False) -> dict[str, Callable[[], object]]:
    """Return what brings the sizes of a model of random weights in line, in order, by parameter."""
    return {
        "heads": fit_heads,
        "positions": fit_positions,
        "vectors": fit_vectors,
        "layers": partial(fit_layers, pair=pair),
        "layer": fit_layer,
    }


def fit_heads(most: int = MAX_HEADS) -> list[int]:
    """Return the head counts that can be chosen; the current one is changed to be among them."""
    embed_size = value_of("embed_size")
    choices = [count for count in head_choices(embed_size) if count <= most]
    wanted, used = fit_among("heads", choices)
    if used != wanted:
        message = _(
            "{heads} heads don't divide an embedding of {embed_size}; using the nearest, {used}."
        )
        notice("heads", message.format(heads=wanted, embed_size=embed_size, used=used))
    return choices


def fit_layers(*, pair: bool = False) -> list[int]:
    """Return the layer counts that can be chosen; the current one is changed to be among them."""
    embed_size = value_of("embed_size")
    choices = layer_choices(embed_size, pair=pair)
    wanted, used = fit_among("layers", choices)
    if used != wanted:
        message = _(
            "{layers} layers with an embedding of {embed_size} have more weights than the server "
            "keeps; using {used}, the most that fit."
        )
        notice("layers", message.format(layers=wanted, embed_size=embed_size, used=used))
    return choices


def fit_positions() -> None:
    """Turn rotary positions off where a head's size doesn't fall into pairs."""
    fits = fits_rotary(value_of("embed_size"), value_of("heads"))
    choices = [scheme for scheme in POSITIONS if fits or scheme != "rotary"]
    wanted, used = fit_among("positions", choices, "none")
    if used != wanted:
        notice("positions", without_rotary(value_of("embed_size"), value_of("heads")))


def without_rotary(embed_size: int, heads: int) -> str:
    """Return why rotary positions are off."""
    return _(
        "Rotary positions turn pairs of numbers, and a head has {size} here, an odd count: "
        "positions are off."
    ).format(size=embed_size // heads)


def fit_vectors() -> None:
    """Take hashed word vectors where MiniLM's can't be used."""
    problem = without_vectors() if "minilm" in (value_of("vectors"), wanted_of("vectors")) else ""
    choices = [vectors for vectors in VECTORS if not problem or vectors == "hashed"]
    wanted, used = fit_among("vectors", choices, "hashed")
    if used != wanted:
        notice("vectors", problem)


def without_vectors() -> str:
    """Return why MiniLM's word vectors can't be used; empty if they can."""
    try:
        word_vectors()
    except ModelUnavailableError as error:
        return " ".join((describe_error(error, _), _("Using hashed word vectors.")))
    return ""


def fit_layer_to(count: int) -> None:
    """Keep the layer shown among so many; the one that was wanted comes back with more."""
    wanted, used = fit_among("layer", list(range(count)))
    if used != wanted:
        message = _("There is no layer {asked}; showing the last one, layer {used}.")
        notice("layer", message.format(asked=wanted, used=used))


def fit_layer() -> None:
    """Keep the layer shown among those that there are."""
    fit_layer_to(value_of("layers"))


def fit_sentence_to(count: int) -> None:
    """Keep the sentence shown among so many."""
    asked = value_of("sentence")
    if asked > count:
        settle(sentence=count)
        message = _("There is no sentence {asked}; showing sentence {used}.")
        notice("sentence", message.format(asked=asked, used=count))
