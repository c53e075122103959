"""Pretrained's own controls: the model, its examples, and how its sub-words are shown."""

import streamlit as st

from model.pretrained.base import (
    ModelUnavailableError,
    PretrainedModel,
    reads_pairs,
    removable_kind,
)
from ui.controls import BOUND, draw_kept, segments, sentence_input
from ui.i18n import _, ngettext
from ui.link import asks_together, default_of, fit_layer_to, fit_link, keep, notice, value_of
from ui.models import BUNDLED, is_loaded, model_choices, model_of
from ui.options import word
from ui.refusals import said_of_refusal
from ui.settings import DEFAULT_TEXT, KINDS, TELLING, TRAINED_VIEWS, Kind, TrainedView
from ui.state import added_tokens, removed_heads
from ui.text import plain, verbatim

# What an example sets; what it says nothing about begins anew.
EXAMPLES: dict[str, dict[str, dict[str, object]]] = {
    "minilm": {
        _("“it” finds its animal"): {"text": DEFAULT_TEXT, **TELLING["minilm"]},
        _("Two sentences"): {
            "text": "A man plays the guitar on a stage.",
            "text2": "Someone makes music in front of people.",
            "view": "similarity",
            "words": True,
        },
        _("A bank by the river"): {
            "text": "He sat on the bank of the river.",
            "text2": "She put her money in the bank.",
            "view": "similarity",
            "words": True,
        },
        _("Long words"): {
            "text": "Tokenization splits unbelievably long words into subwords.",
            "words": True,
        },
        _("Chinese"): {"text": "我喜欢猫，因为猫很安静。"},
    },
    "smollm2": {
        _("“it” finds its animal"): {"text": DEFAULT_TEXT, **TELLING["smollm2"]},
        _("Who gets the drink?"): {
            "text": "When Mary and John went to the store, John gave a drink to",
            "view": "next",
            "layer": 1,  # the head that Mary needs most: without it she falls from 92 % to 65 %
            "head": 5,
        },
        _("Repetition"): {
            "text": "The blue tiger ate a lemon. The blue tiger ate a",
            "view": "next",
        },
        _("A capital"): {"text": "The capital of France is", "view": "next"},
        _("Emoji in bytes"): {"text": "I love 🧡 and 猫"},
    },
}
# What an example, or another model, doesn't take over from before.
BEGINS_ANEW = {
    "text2": "",
    "view": "heads",
    "layer": 0,
    "head": None,
    "q": None,
    "k": None,
    "sentence": 1,
    "words": False,
    "together": False,
    "added": "",
    "removed": "",
}


def draw_model() -> None:
    """Which model."""
    st.selectbox(
        _("Model"),
        model_choices(),
        index=model_choices().index(default_of("model")),
        format_func=word,
        key="model",
        bind=BOUND,
        on_change=_take_model,
        help=_(
            "MiniLM-L6: a BERT that turns sentences into vectors. SmolLM2-135M: a Llama that "
            "writes on. Both are trained by others, and run here in the modules that Explore runs."
        ),
    )


def _take_model() -> None:
    """Another model was chosen: heads, layers and tokens of the last one mean nothing in it."""
    model = value_of("model")
    telling = TELLING.get(model, {}) if value_of("text") == DEFAULT_TEXT else {}
    kept = {key: value_of(key) for key in ("view", "text2", "together", "words", "layer")}
    _begin_anew({**kept, **telling})


def _begin_anew(chosen: dict[str, object]) -> None:
    """Choose what is given, and the rest as it is where nothing was chosen; called by a widget."""
    values = {**BEGINS_ANEW, **chosen}
    st.session_state.update(values)
    for key in ("added", "removed"):  # no widget takes them out of the link
        keep(key, values[key])


def load_model() -> PretrainedModel | None:
    """The chosen model, with progress while it is loaded; None, and why, if it can't be used."""
    choice = value_of("model")
    is_first, st.session_state["_is_fitted"] = "_is_fitted" not in st.session_state, True
    try:
        model = load_with_progress(choice)
    except ModelUnavailableError as error:
        st.session_state["_model_kind"] = None
        st.session_state["_reads_pairs"] = False
        st.error(said_of_refusal(error, choice), icon=":material/error:")
        if choice in BUNDLED:
            st.info(_("Explore and Encoder-decoder work without it."))
        return None
    st.session_state["_model_kind"] = model.kind
    st.session_state["_reads_pairs"] = reads_pairs(model)
    _tell_what_is_missing(model)
    fits = {
        "view": lambda: fit_view(model, say=is_first),
        "together": lambda: fit_together(model, say=is_first),
        "layer": lambda: fit_layer_to(layers_shown(model)),
        "added": lambda: fit_added(model),
        "removed": lambda: fit_removed(model),
    }
    if is_first:
        fit_link(fits)
    else:  # widgets keep the link from now on, and nobody else may write what is theirs
        for fit in fits.values():
            fit()
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
    """A model, with a bar while it is loaded, if it isn't yet.

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


def views_of(model: PretrainedModel) -> tuple[TrainedView, ...]:
    """What a model has to show."""
    missing = {"encoder": "next", "decoder": "similarity", "encoder-decoder": "similarity"}
    return tuple(view for view in TRAINED_VIEWS if view != missing[model.kind])


def fit_view(model: PretrainedModel, *, say: bool) -> None:
    """Keep the view among those that the model has; who only chose a model needs no notice."""
    asked = value_of("view")
    if asked in views_of(model):
        return
    st.session_state["view"] = {"next": "similarity", "similarity": "next"}[asked]
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
    st.session_state["together"] = False
    message = _("{model}'s tokeniser has no template for pairs: each sentence is read by itself.")
    notice("together", message.format(model=plain(model.name)))


def fit_added(model: PretrainedModel) -> None:
    """Keep the added tokens among those that the model has."""
    added = added_tokens()
    writes = model.kind != "encoder"
    known = [token for token in added if writes and model.reads(token)]
    if len(known) < len(added):
        keep("added", ",".join(map(str, known)))
        message = _("{count} of the link's added tokens aren't in {model}'s vocabulary.")
        if not writes:
            message = _("{model} writes nothing: the link's {count} added tokens are left out.")
        notice("added", message.format(count=len(added) - len(known), model=plain(model.name)))


def fit_removed(model: PretrainedModel) -> None:
    """Keep the removed heads among those that there are."""
    removed = removed_heads()
    writes = model.kind != "encoder"
    size = model.sizes[removable_kind(model.kind)]
    there = [(at, h) for at, h in removed if writes and at < size.layers and h < size.heads]
    if len(there) < len(removed):
        keep("removed", ",".join(f"{layer}.{head}" for layer, head in there))
        message = _("{count} of the link's removed heads aren't in {model}.")
        if not writes:  # and shows nowhere what a removal changes
            message = _("{model} has no next token: the link's {count} removed heads are put back.")
        notice("removed", message.format(count=len(removed) - len(there), model=plain(model.name)))


def layers_shown(model: PretrainedModel) -> int:
    """How many layers there are of the attention that is shown."""
    return model.sizes[kind_of(model)].layers


def kind_of(model: PretrainedModel) -> Kind:
    """The attention that is shown: the chosen one where there are several."""
    return value_of("kind") if len(model.sizes) > 1 else "encoder_self"


def draw_examples(model: PretrainedModel) -> None:
    """Sentences that show something in this model."""
    examples = EXAMPLES.get(value_of("model"), {})

    def take_example() -> None:
        _begin_anew(examples[st.session_state["example"]])
        st.session_state["example"] = None

    if examples:
        st.selectbox(
            _("Examples"),
            list(examples),
            index=None,
            key="example",
            placeholder=_("Examples"),
            label_visibility="collapsed",
            on_change=take_example,
        )


def draw_second(model: PretrainedModel) -> None:
    """The second sentence: to compare, or what a decoder has written."""
    label = {
        "encoder": _("Second sentence (to compare)"),
        "encoder-decoder": _("Target: what is written so far"),
    }.get(model.kind, _("Second sentence"))
    used = model.kind != "decoder"
    draw_kept(lambda: sentence_input(label, "text2"), "second", used, "text2", width="stretch")


def draw_together(model: PretrainedModel) -> None:
    """Whether both sentences are read in one pass; not there where there is no pair to read."""
    used = (
        reads_pairs(model) and bool(value_of("text2").strip()) and value_of("view") != "similarity"
    )
    draw_kept(_draw_together, "together", used, "together")


def _draw_together() -> None:
    st.toggle(
        _("Read both together"),
        default_of("together"),
        key="together",
        bind=BOUND,
        help=_(
            "Both sentences in one pass, parted by the tokeniser's own tokens and told apart by "
            "token types, as BERT was trained on pairs: words can attend across. Their lengths "
            "count together."
        ),
    )


def draw_kind(model: PretrainedModel) -> None:
    """Which of an encoder-decoder's attentions."""
    used = model.kind == "encoder-decoder"
    draw_kept(lambda: segments(_("Attention"), KINDS, key="kind"), "kind", used, "kind")


def draw_layer(model: PretrainedModel) -> None:
    """Which layer is shown."""
    count = layers_shown(model)
    fit_layer_to(count)
    # One kind of control for all models: a new one would begin with the link of the last model.
    # Of a single layer it is out of sight, as there is nothing to slide.
    with st.container(key="layer_used" if count > 1 else "layer_unused"):
        st.select_slider(
            _("Layer shown"), range(count), value=default_of("layer"), key="layer", bind=BOUND
        )
