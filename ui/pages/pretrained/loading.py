"""Loading a model, and bringing the link in line with what it turns out to be."""

import streamlit as st

from model.interventions import Extent
from model.pretrained.base import (
    ModelUnavailableError,
    PretrainedModel,
    changeable_kind,
    reads_pairs,
)
from ui.choices.limits import MAX_TOKENS
from ui.choices.options import STAGES, Stage
from ui.controls.fits import fit_layer_to
from ui.link.address import fit_link
from ui.link.interventions import KINDS, chosen_interventions, values_of
from ui.link.memory import settle, value_of
from ui.link.notices import notice
from ui.pages.pretrained.causes_view import CAUSES
from ui.pages.pretrained.circuit_view import CIRCUIT
from ui.pages.pretrained.decision_view import DECISION
from ui.pages.pretrained.finder_view import FINDER
from ui.pages.pretrained.lens_view import LENS
from ui.pages.pretrained.next_token_view import NEXT
from ui.pages.pretrained.settings import (
    added_tokens,
    asks_together,
    layers_shown,
    pretrained_memory,
)
from ui.pages.pretrained.similarity_view import SIMILARITY
from ui.pages.pretrained.writers_token import fit_token
from ui.pages.pretrained.writers_view import WRITERS
from ui.runs.carried import has_projections
from ui.runs.model_store import BUNDLED, is_loaded, model_of
from ui.text.i18n import _, ngettext
from ui.text.markdown import plain, verbatim
from ui.text.option_names import word
from ui.text.refusals import describe_refusal
from ui.views.cell import CELL
from ui.views.head import HEAD
from ui.views.heads import HEADS
from ui.views.layers import LAYERS
from ui.views.numbers import NUMBERS
from ui.views.view import View

MOST_TEXTS = 2
ANSWERS = (NEXT, DECISION, WRITERS, LENS, CAUSES, CIRCUIT)
VIEWS = (HEADS, HEAD, CELL, LAYERS, FINDER, *ANSWERS, SIMILARITY, NUMBERS)
NEEDS_MATRIX: Stage = "projected_values"


def load_model() -> PretrainedModel | None:
    """Return the chosen model, loaded with progress; None, and say why, if it can't be used."""
    choice, memory = value_of("model"), pretrained_memory()
    is_first, memory.has_opened = not memory.has_opened, True
    try:
        model = load_with_progress(choice)
    except ModelUnavailableError as error:
        st.error(describe_refusal(error, choice), icon=":material/error:")
        if choice in BUNDLED:
            st.info(_("Explore and Encoder-decoder work without it."))
        return None
    _tell_what_is_missing(model)
    fit_link(
        {
            "view": lambda: fit_view(model, say=is_first),
            "stage": lambda: fit_stage(model),
            "together": lambda: fit_together(model, say=is_first),
            "layer": lambda: fit_layer_to(layers_shown(model)),
            "added": lambda: fit_added(model),
            "removed": lambda: fit_interventions(model),
            "token": lambda: fit_token(model, "token"),
            "against": lambda: fit_token(model, "against"),
        }
    )
    return model


def _tell_what_is_missing(model: PretrainedModel) -> None:
    """Say, as long as a model is chosen, what its loading has found that it can't read."""
    said = []
    if model.without_vector:
        missing = ngettext(
            "{model}'s tokeniser knows {count} token for which its table has no vector, {token}: a "
            "text with it can't be computed.",
            "{model}'s tokeniser knows {count} tokens for which its table has no vectors, such as "
            "{token}: a text with one of them can't be computed.",
            len(model.without_vector),
        )
        said.append(
            missing.format(
                model=plain(model.name),
                count=len(model.without_vector),
                token=verbatim(model.tokenizer.shown(model.without_vector[0])),
            )
        )
    if model.kind == "encoder-decoder" and model.decoder_start is None:
        begins = _(
            "{model} names no token that a target begins with: its target begins with what is "
            "typed."
        )
        said.append(begins.format(model=plain(model.name)))
    if said:
        notice("model", " ".join(said))


def load_with_progress(choice: str) -> PretrainedModel:
    """Return a model, loaded with a bar if it isn't yet.

    Raises:
        ModelUnavailableError: if it can't be used.
    """
    if is_loaded(choice):
        return model_of(choice)
    said = _("Loading {model}, for everybody on this server …").format(model=word(choice))
    bar = st.progress(0.0, said)
    stops: list[BaseException] = []

    def show(done: float) -> None:
        try:
            if not stops:
                bar.progress(done, said)
        except BaseException as stop:  # Streamlit stops a run here if something else is chosen
            stops.append(stop)  # but others wait for the model as well: it is loaded first

    try:
        model = model_of(choice, show)
    finally:
        bar.empty()
    if stops:
        raise stops[0]
    return model


def views_of(model: PretrainedModel) -> tuple[View, ...]:
    """Return what a model has to show."""
    missing = (NEXT, WRITERS, LENS, CIRCUIT) if model.kind == "encoder" else (SIMILARITY,)
    decides = model.mask_token is not None or model.class_names
    return tuple(v for v in VIEWS if v not in missing and (v is not DECISION or decides))


def stages_of(model: PretrainedModel) -> tuple[Stage, ...]:
    """Return the stages that a model has: all, if one matrix mixes the heads of each attention."""
    every = (
        model.attention(kind, layer)
        for kind, size in model.sizes.items()
        for layer in range(size.layers)
    )
    return STAGES if has_projections(every) else tuple(s for s in STAGES if s != NEEDS_MATRIX)


def fit_stage(model: PretrainedModel) -> None:
    """Keep the stage among those that the model has."""
    asked = value_of("stage")
    if asked in stages_of(model):
        return
    settle(stage="weights")
    message = _("{model} has no “{asked}”; showing “{used}”.")
    used = word(value_of("stage"))
    notice("stage", message.format(model=plain(model.name), asked=word(asked), used=used))


def fit_view(model: PretrainedModel, *, say: bool) -> None:
    """Keep the view among those that the model has; who only chose a model needs no notice."""
    asked = value_of("view")
    if asked in {view.name for view in views_of(model)}:
        return
    settle(view={"similarity": "next"}.get(asked, "similarity"))
    if not say:
        return
    message = _("{model} has no view “{asked}”; showing “{used}”.")
    notice(
        "view",
        message.format(model=plain(model.name), asked=word(asked), used=word(value_of("view"))),
    )


def fit_together(model: PretrainedModel, *, say: bool) -> None:
    """Say why a link's two sentences aren't read together, where the model has no way to."""
    if not (say and asks_together()) or model.kind != "encoder" or reads_pairs(model):
        return
    settle(together=False)
    message = _("{model}'s tokeniser has no template for pairs: each sentence is read by itself.")
    notice("together", message.format(model=plain(model.name)))


def fit_added(model: PretrainedModel) -> None:
    """Keep the added tokens among those that the model has."""
    added = added_tokens()
    writes = model.kind != "encoder"
    known = [token for token in added if writes and model.reads(token)]
    if len(known) < len(added):
        settle(added=",".join(map(str, known)))
        message = _("{count} of the link's added tokens aren't in {model}'s vocabulary.")
        if not writes:
            message = _("{model} writes nothing: the link's {count} added tokens are left out.")
        notice("added", message.format(count=len(added) - len(known), model=plain(model.name)))


def fit_interventions(model: PretrainedModel) -> None:
    """Keep what is changed by hand within the heads that there are."""
    named = chosen_interventions()
    size = model.sizes[changeable_kind(model.kind)]
    everywhere = (MAX_TOKENS,) * MOST_TEXTS
    extent = Extent(size.layers, size.heads, everywhere, everywhere, MAX_TOKENS)
    there = named.within(extent)
    if there == named:
        return
    settle(**values_of(there))
    for key, kind in KINDS.items():
        lost = len(getattr(named, kind)) - len(getattr(there, kind))
        if lost:
            said = {
                "removed": _("{count} of the link's removed heads aren't in {model}."),
                "mean": _("{count} of the link's averaged heads aren't in {model}."),
                "cut": _("{count} of the link's cut edges are of heads that {model} hasn't."),
                "edge": _("{count} of the link's edges are of heads that {model} hasn't."),
                "put": _("{count} of the link's patterns are of heads that {model} hasn't."),
            }[key]
            notice(key, said.format(count=lost, model=plain(model.name)))
