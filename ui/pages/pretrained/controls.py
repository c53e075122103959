"""Pretrained's own controls: the model, its examples, and how its sub-words are shown."""

import streamlit as st

from model.pretrained.base import PretrainedModel, reads_pairs
from ui.choices.examples import DEFAULT_TEXT, TELLING
from ui.choices.options import KINDS
from ui.controls.examples import draw_examples
from ui.controls.fits import fit_layer_to
from ui.controls.random_settings import segments, sentence_input
from ui.controls.reset import draw_reset, resettable
from ui.link.memory import choose, default_of, memory, value_of
from ui.pages.pretrained.settings import chosen_model, layers_shown
from ui.pages.pretrained.similarity_view import SIMILARITY
from ui.runs.model_store import DEFAULT_MODEL, model_choices
from ui.text.explain import explain
from ui.text.i18n import N_, _
from ui.text.option_names import word

# What an example sets; what it says nothing about begins anew.
EXAMPLES: dict[str, dict[str, dict[str, object]]] = {
    "minilm": {
        N_("“it” finds its animal"): {"text": DEFAULT_TEXT, **TELLING["minilm"]},
        N_("Two sentences"): {
            "text": "A man plays the guitar on a stage.",
            "text2": "Someone makes music in front of people.",
            "view": "similarity",
            "words": True,
        },
        N_("A bank by the river"): {
            "text": "He sat on the bank of the river.",
            "text2": "She put her money in the bank.",
            "view": "similarity",
            "words": True,
        },
        N_("Long words"): {
            "text": "Tokenization splits unbelievably long words into subwords.",
            "words": True,
        },
        N_("Chinese"): {"text": "我喜欢猫，因为猫很安静。"},
    },
    "smollm2": {
        N_("“it” finds its animal"): {"text": DEFAULT_TEXT, **TELLING["smollm2"]},
        N_("Who gets the drink?"): {
            "text": "When Mary and John went to the store, John gave a drink to",
            "view": "writers",
            # The head that writes most of her: without it she falls from 92 % to 72 %. One that
            # writes nothing of her itself, 1 · 5, is missed even more: she falls to 65 %.
            "layer": 29,
            "head": 1,
        },
        N_("Repetition"): {
            "text": "The blue tiger ate a lemon. The blue tiger ate a",
            "view": "next",
        },
        N_("A capital"): {"text": "The capital of France is", "view": "next"},
        N_("Emoji in bytes"): {"text": "I love 🧡 and 猫"},
    },
}
FILE = "from_file"  # in place of a model
# What an example, or another model, doesn't take over from before.
BEGINS_ANEW = (
    *("text2", "view", "layer", "head", "q", "k", "sentence", "words", "together", "added"),
    *("removed", "mean", "cut", "edge", "put", "from_text", "effect"),
    *("token", "against"),
)


def draw_model() -> None:
    """Draw the choice of the model, or of a file."""
    chosen = value_of("model")
    st.selectbox(
        _("Model"),
        (*model_choices(), FILE),
        index=model_choices().index(chosen),
        format_func=word,
        placeholder="",
        key="model",
        on_change=_take_model,
        args=(chosen,),
        help=_(
            "MiniLM-L6: a BERT that turns sentences into vectors. SmolLM2-135M: a Llama that "
            "writes on. Both are trained by others, and run here in the modules that Explore runs."
        ),
    )


def draw_model_of_file() -> None:
    """Draw the choice of a model in place of the file that is shown."""
    st.selectbox(
        _("Model"),
        (*model_choices(), FILE),
        index=len(model_choices()),
        format_func=word,
        placeholder="",
        key="model_after_file",
        on_change=_leave_file,
    )


def _leave_file() -> None:
    choice = st.session_state["model_after_file"]
    if choice != FILE:
        anew = {key: default_of(key) for key in BEGINS_ANEW}
        choose(f"model {choice}", **{**anew, "model": choice, "from_file": False})
        expect_telling()


def _take_model(before: str) -> None:
    """Another model was chosen: heads, layers and tokens of the last one mean nothing in it."""
    choice = value_of("model")
    if choice == FILE:
        anew = {key: default_of(key) for key in BEGINS_ANEW}
        choose("from a file", **{**anew, "model": before, "from_file": True})
        memory().chosen_by_page = {}
        return
    telling = TELLING.get(choice, {}) if value_of("text") == DEFAULT_TEXT else {}
    stays = {key: value_of(key) for key in ("view", "text2", "together", "words", "layer")}
    anew = {key: default_of(key) for key in BEGINS_ANEW}
    choose(f"model {choice}", **{**anew, **stays, **telling})
    expect_telling()


def opening() -> dict[str, object]:
    """Return what the page opens with: a head that finds something in the sentence."""
    return dict(TELLING[DEFAULT_MODEL]) if value_of("text") == DEFAULT_TEXT else {}


def expect_telling() -> None:
    """Let the query that tells something of the first sentence go with it, without a word."""
    telling = TELLING.get(value_of("model"), {}) if value_of("text") == DEFAULT_TEXT else {}
    memory().chosen_by_page = dict(telling)


def draw_sentences() -> None:
    """Draw the choice of sentences that show something in this model."""
    if examples := EXAMPLES.get(value_of("model"), {}):
        draw_examples(examples, named=_, begin_anew=BEGINS_ANEW, then=expect_telling)


def draw_first_settings() -> None:
    """Draw Reset; the model stays, or the file."""
    stays = {key: value_of(key) for key in ("model", "from_file")}
    draw_reset({**resettable(), **stays})


def draw_second(model: PretrainedModel) -> None:
    """Draw the second sentence: to compare, or what a decoder has written."""
    labels = {
        "encoder": _("Second sentence (to compare)"),
        "encoder-decoder": _("Target: what is written so far"),
    }
    if model.kind in labels:
        sentence_input(labels[model.kind], "text2")


def draw_together(model: PretrainedModel) -> None:
    """Draw whether both sentences are read in one pass, where there is a pair to read."""
    if not (
        reads_pairs(model) and value_of("text2").strip() and value_of("view") != SIMILARITY.name
    ):
        return
    st.toggle(
        _("Read both together"),
        value_of("together"),
        key="together",
        help=_(
            "Both sentences in one pass, parted by the tokeniser's own tokens and told apart by "
            "token types, as BERT was trained on pairs: words can attend across. Their lengths "
            "count together."
        ),
    )


def draw_kind(model: PretrainedModel) -> None:
    """Draw which of an encoder-decoder's attentions is shown."""
    if model.kind == "encoder-decoder":
        segments(_("Attention"), KINDS, key="kind")


def draw_layer_shown() -> None:
    """Draw which layer of the chosen model is shown, once it is loaded."""
    model = chosen_model()
    if model is not None:
        draw_layer(model)


def draw_layer(model: PretrainedModel) -> None:
    """Draw which layer is shown."""
    count = layers_shown(model)
    fit_layer_to(count)
    if count > 1:
        st.select_slider(
            _("Layer shown"),
            range(count),
            value=value_of("layer"),
            key="layer",
            help=explain("layer"),
        )
