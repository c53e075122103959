"""What is said on the screen of a model that can't be used."""

from model.pretrained.base import ModelUnavailableError
from model.pretrained.refusals import ModelRefusedError, Refusal
from ui.text.errors import describe_error
from ui.text.i18n import N_, _
from ui.text.markdown import plain
from ui.text.option_names import word

LONGEST = 500  # characters of a message that isn't ours alone

SENTENCES: dict[Refusal, str] = {
    "not_installed": N_(
        "{name} needs the package transformers, which isn't installed, or is too old. "
        "`make run HF=1` installs it."
    ),
    "not_offered": N_("There is no model {name} on this server."),
    "not_here": N_(
        "{name} isn't on this machine, or not all of it, and this server doesn't download models."
    ),
    "gone": N_("The folder of {name} isn't there."),
    "not_readable": N_("The files of {name} may not be read by this server."),
    "no_config": N_("The folder of {name} holds no model: there is no config.json in it."),
    "bad_config": N_("The config.json of {name} is damaged, or describes no model that can be."),
    "unknown_type": N_(
        "{name} is of a kind that this server's version of transformers doesn't know."
    ),
    "own_code": N_("{name} comes with code of its own, which this server doesn't run."),
    "quantised": N_("The weights of {name} are quantised, which can't be shown here."),
    "own_weights_file": N_(
        "{name} keeps its weights in a file of another name, which this server doesn't read."
    ),
    "images": N_("{name} reads images. Here sentences are read, so there is nothing to show."),
    "sound": N_("{name} reads sound. Here sentences are read, so there is nothing to show."),
    "images_and_text": N_(
        "{name} reads images together with text, and can't be shown reading a sentence alone."
    ),
    "sound_and_text": N_(
        "{name} reads sound together with text, and can't be shown reading a sentence alone."
    ),
    "other_input": N_("{name} reads something other than sentences, so there is nothing to show."),
    "no_attention": N_(
        "{name} reads a text without attention, as state-space models do: there is nothing to show."
    ),
    "attention": N_(
        "{name} computes its attention, or that of some layers, in a way of its own, which can't "
        "be reached and shown here."
    ),
    "no_tokenizer": N_(
        "{name} has no tokeniser that can be read, so no sentence can be split into its tokens."
    ),
    "slow_tokenizer": N_(
        "The tokeniser of {name} isn't of the kind that is supported here (a “fast” one)."
    ),
    "outer_tokens": N_(
        "The tokeniser of {name} puts {tokens} around each text, for which the model has no vector."
    ),
    "no_weights": N_("There are no weights in the folder of {name}: expected model.safetensors."),
    "pickle": N_(
        "The weights of {name} are a pickle, which could run code when it is loaded. Saved as "
        "model.safetensors, they can be used."
    ),
    "distributed": N_(
        "The weights of {name} are a checkpoint of many processes. Saved as model.safetensors, "
        "they can be used."
    ),
    "bad_weights": N_("The weights of {name} can't be read: the file is damaged or incomplete."),
    "wrong_sizes": N_(
        "The weights of {name} haven't the sizes that its config.json says: they are of another "
        "model."
    ),
    "weights_missing": N_("Some of the weights of {name} are missing from its file."),
    "too_large": N_("The weights of {name} take {needed}, more than the {most} that they may."),
    "memory": N_("This server hasn't the memory that {name} needs."),
    "other": N_("{name} can't be used here. The server's log says why."),
}


def describe_refusal(error: ModelUnavailableError, choice: str) -> str:
    """Return a sentence for Markdown on why a model can't be used.

    Args:
        error: of loading it; a bundled model's says by itself what a person can do.
        choice: what the model is called in the list of models.
    """
    if not isinstance(error, ModelRefusedError):
        return describe_error(error, _)
    values = {key: plain(value) for key, value in error.values.items()}
    return _(SENTENCES[error.code]).format(name=plain(word(choice), LONGEST), **values)
