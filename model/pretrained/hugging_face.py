"""Any model that transformers can load from a folder or a hub, and that can be recorded.

Transformers is optional, and slow to import: it is imported when a model is loaded. It is reached
as Any, so that types can be checked where it isn't installed.
"""

import copy
import importlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from model.pretrained import recorder
from model.pretrained.base import ModelKind, ModelUnavailableError
from model.pretrained.hugging_face_facts import weights_bytes
from model.pretrained.hugging_face_model import HuggingFaceModel
from model.reasons import reason_of
from model.subwords import SubwordTokenizer

NOT_INSTALLED = (
    "the package transformers isn't installed, or is too old; `make run HF=1` installs it"
)

# What a config.json must not have, and why.
REFUSED = {
    "auto_map": "it comes with code of its own, which this server doesn't run",
    "quantization_config": "its weights are quantised, which isn't supported",
    "transformers_weights": "it names a file of its own for its weights, which isn't supported",
}
AUTO_CLASS: dict[ModelKind, str] = {
    "encoder": "AutoModel",
    "decoder": "AutoModelForCausalLM",
    "encoder-decoder": "AutoModelForSeq2SeqLM",
}

# While a model loads, transformers replaces functions of its own and of torch's for all threads:
# two that overlap would put back each other's replacements.
_loading = threading.Lock()


def load(
    name_or_path: str, *, allowed: Sequence[str], most_bytes: int, download: bool = False
) -> HuggingFaceModel:
    """Load a model and its tokeniser, in float32, ready to run.

    Nothing that came with a model is run: no code of its own, and no pickles. A few tokens are run
    through it to see that its attention is recorded rightly.

    Args:
        name_or_path: a model's name, or a folder as save_pretrained makes it.
        allowed: all names and folders that may be loaded.
        most_bytes: how much memory the weights may take in float32.
        download: whether what isn't on this machine yet may be fetched.

    Raises:
        ModelUnavailableError: if it isn't allowed, too large, or can't be loaded or recorded.
    """
    if name_or_path not in allowed:
        raise ModelUnavailableError(
            f"{name_or_path} isn't among the models that this server may load: "
            f"{', '.join(allowed) or 'there are none'}"
        )
    folder = Path(name_or_path)
    name = folder.resolve().name if folder.is_dir() else name_or_path
    try:
        transformers: Any = importlib.import_module("transformers")
        recorder.register()
    except (ImportError, AttributeError) as error:
        raise ModelUnavailableError(NOT_INSTALLED) from error
    transformers.utils.logging.disable_progress_bar()  # nobody watches a server's terminal
    with _loading:
        try:
            return _load(transformers, name_or_path, name, most_bytes, download)
        # Transformers raises whatever a broken file or a missing package leads to.
        except Exception as error:
            reason = reason_of(error)
            if not download and "couldn't connect" in reason:  # it would have, if it might
                reason = "it isn't on this machine, or not all of it, and downloads are off"
            raise ModelUnavailableError(f"{name}: {reason}") from error


def _load(
    transformers: Any, name_or_path: str, name: str, most_bytes: int, download: bool
) -> HuggingFaceModel:
    found: dict[str, Any] = {"trust_remote_code": False, "local_files_only": not download}
    config = _config(transformers, name_or_path, found)
    if Path(name_or_path).is_dir():
        _check_weights_are_safe(Path(name_or_path))
    kind = _kind(transformers, config)
    auto_class = getattr(transformers, AUTO_CLASS[kind])
    # Always with the dtype: transformers makes the config's the default one of all threads.
    how: dict[str, Any] = {"dtype": torch.float32, "attn_implementation": recorder.NAME}
    try:
        with torch.device("meta"):  # the model's shape alone, without memory
            needed = weights_bytes(auto_class.from_config(copy.deepcopy(config), **how))
    except KeyError as error:
        if error.args != (recorder.NAME,):
            raise
        reason = "this architecture isn't supported: its attention can't be exchanged"
        raise ModelUnavailableError(reason) from error
    if needed > most_bytes:
        raise ModelUnavailableError(
            f"its weights take {_size(needed)}, more than the {_size(most_bytes)} that they may"
        )
    tokenizer = _tokenizer(transformers, name_or_path, found)
    model, report = auto_class.from_pretrained(
        name_or_path,
        config=config,
        use_safetensors=True,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # told in one line below, instead of in a table
        **found,
        **how,
    )
    _check_all_is_loaded(report)
    return HuggingFaceModel(model, tokenizer, name, kind)


def _check_all_is_loaded(report: dict[str, Any]) -> None:
    """Raise ModelUnavailableError if some weights are random, since the file didn't have them."""
    others = sorted(str(key) for key, *_ in report["mismatched_keys"])
    if others:
        raise ModelUnavailableError(
            f"{len(others)} of its weights haven't the sizes that its config.json says, among them "
            f"{others[0]}"
        )
    # A pooler comes after everything that is shown.
    missing = sorted(key for key in report["missing_keys"] if "pooler" not in key)
    if missing:
        raise ModelUnavailableError(
            f"its file lacks {len(missing)} of the weights, among them {missing[0]}"
        )


def _config(transformers: Any, name_or_path: str, found: dict[str, Any]) -> Any:
    """The model's config, after a look at what it asks for."""
    raw, _ = transformers.PreTrainedConfig.get_config_dict(name_or_path, **found)
    for key, reason in REFUSED.items():
        if raw.get(key):
            raise ModelUnavailableError(f"{reason} ({key!r} in its config.json)")
    return transformers.AutoConfig.from_pretrained(name_or_path, **found)


def _check_weights_are_safe(folder: Path) -> None:
    """Raise ModelUnavailableError unless a folder has its weights as safetensors alone."""
    if (folder / ".metadata").exists():  # a checkpoint of many processes, described by a pickle
        raise ModelUnavailableError("its weights are a distributed checkpoint, save it as one")
    if any(folder.glob("*.safetensors")):
        return
    pickles = sorted(path.name for path in folder.glob("*") if path.suffix in (".bin", ".pt"))
    if pickles:
        raise ModelUnavailableError(
            f"its weights are a pickle ({pickles[0]}), which could run code when it is loaded; "
            "save them as model.safetensors"
        )
    raise ModelUnavailableError("there are no weights in its folder: expected model.safetensors")


def _kind(transformers: Any, config: Any) -> ModelKind:
    if config.is_encoder_decoder:
        return "encoder-decoder"
    if any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in config.architectures or ()):
        return "decoder"
    # A type that can fill gaps is an encoder, even if it could also be made to write.
    writes = type(config) in transformers.MODEL_FOR_CAUSAL_LM_MAPPING
    fills_gaps = type(config) in transformers.MODEL_FOR_MASKED_LM_MAPPING
    return "decoder" if writes and not fills_gaps else "encoder"


def _tokenizer(transformers: Any, name_or_path: str, found: dict[str, Any]) -> SubwordTokenizer:
    tokenizer = transformers.AutoTokenizer.from_pretrained(name_or_path, **found)
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if not isinstance(backend, Tokenizer):
        raise ModelUnavailableError(
            f"its tokeniser ({type(tokenizer).__name__}) isn't a fast one, which isn't supported"
        )
    tells_types = "token_type_ids" in tokenizer.model_input_names
    # Made for this one call: nobody else's settings change.
    return SubwordTokenizer(backend, tells_types=tells_types)


def _size(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"
