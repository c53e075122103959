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

from ..reasons import one_line
from ..subwords import SubwordTokenizer
from . import recorder
from .answer_heads import answering_class
from .base import ModelKind
from .hugging_face_facts import weights_bytes
from .hugging_face_model import HuggingFaceModel
from .refusals import ModelRefusedError, Refusal, refusing

NOT_INSTALLED = "the package transformers isn't installed, or is too old"

# What a config.json must not have.
REFUSED: dict[str, Refusal] = {
    "auto_map": "own_code",
    "quantization_config": "quantised",
    "transformers_weights": "own_weights_file",
}
# Of anything that there is a module for each of: even without memory, a billion are never built.
MOST_OF_A_KIND = 10_000
MANY = ("layer", "expert", "block")  # in the names of such counts
READS: dict[str, tuple[Refusal, Refusal]] = {  # alone, and together with text
    "image": ("images", "images_and_text"),
    "video": ("images", "images_and_text"),
    "audio": ("sound", "sound_and_text"),
}
AUTO_CLASS: dict[ModelKind, str] = {
    "encoder": "AutoModel",
    "decoder": "AutoModelForCausalLM",
    "encoder-decoder": "AutoModelForSeq2SeqLM",
}
OTHERS: tuple[Refusal, Refusal] = ("other_input", "other_input")

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
        ModelRefusedError: if it isn't allowed, too large, or can't be loaded or recorded.
    """
    if name_or_path not in allowed:
        raise ModelRefusedError(
            f"{name_or_path} isn't among the models that this server may load: "
            f"{', '.join(allowed) or 'there are none'}",
            "not_offered",
        )
    folder = Path(name_or_path)
    name = folder.resolve().name if folder.is_dir() else name_or_path
    try:
        transformers: Any = importlib.import_module("transformers")
        recorder.register()
    except (ImportError, AttributeError) as error:
        raise ModelRefusedError(NOT_INSTALLED, "not_installed") from error
    transformers.utils.logging.disable_progress_bar()  # nobody watches a server's terminal
    with _loading, refusing("other"):
        return _load(transformers, name_or_path, name, most_bytes, download)


def _load(
    transformers: Any, name_or_path: str, name: str, most_bytes: int, download: bool
) -> HuggingFaceModel:
    found: dict[str, Any] = {"trust_remote_code": False, "local_files_only": not download}
    config = _config(transformers, name_or_path, found)
    reads = _check_it_reads_text(transformers, config)
    if Path(name_or_path).is_dir():
        _check_weights_are_safe(Path(name_or_path))
    kind = _kind(transformers, config)
    answering = answering_class(transformers, config) if kind == "encoder" else None
    auto_class = getattr(transformers, answering or AUTO_CLASS[kind])
    # Always with the dtype: transformers makes the config's the default one of all threads.
    how: dict[str, Any] = {"dtype": torch.float32, "attn_implementation": recorder.NAME}
    try:
        with torch.device("meta"):  # the model's shape alone, without memory
            shape = auto_class.from_config(copy.deepcopy(config), **how)
    except Exception as error:
        if isinstance(error, KeyError) and error.args == (recorder.NAME,):
            raise ModelRefusedError("its attention can't be exchanged", "attention") from error
        raise ModelRefusedError(one_line(error), reads or "bad_config") from error
    needed = weights_bytes(shape)
    if needed > most_bytes:
        raise ModelRefusedError(
            f"its weights take {_size(needed)}, more than the {_size(most_bytes)} that they may",
            "too_large",
            {"needed": _size(needed), "most": _size(most_bytes)},
        )
    with refusing("no_tokenizer"):
        tokenizer, mask_token = _tokenizer(transformers, name_or_path, found)
    with refusing("bad_weights"):
        model, report = _with_weights(auto_class, name_or_path, config, found, how)
        if answering is not None and (report["missing_keys"] or report["mismatched_keys"]):
            # Its file may lack the head that its config names: the encoder is of use without.
            auto_class = getattr(transformers, AUTO_CLASS[kind])
            model, report = _with_weights(auto_class, name_or_path, config, found, how)
        _check_all_is_loaded(report)
    with refusing(reads or ("attention" if _has_attention(model) else "no_attention")):
        return HuggingFaceModel(model, tokenizer, name, kind, mask_token)


def _with_weights(
    auto_class: Any, name_or_path: str, config: Any, found: dict[str, Any], how: dict[str, Any]
) -> Any:
    """Return a model with its weights, and a report on what of them was there."""
    return auto_class.from_pretrained(
        name_or_path,
        config=config,
        use_safetensors=True,
        disable_mmap=True,  # a mapped file that becomes shorter would kill the server
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # told in one line below, instead of in a table
        **found,
        **how,
    )


def _check_it_reads_text(transformers: Any, config: Any) -> Refusal | None:
    """Refuse what reads no text; what to say if one that reads more can't read text alone."""
    known = transformers.MODEL_MAPPING.get(type(config), None)
    if known is None:
        return None
    reads = known.input_modalities
    reads = (reads,) if isinstance(reads, str) else tuple(reads)
    others = [each for each in reads if each != "text"]
    alone, together = READS.get(others[0], OTHERS) if others else OTHERS
    if "text" not in reads or known.main_input_name != "input_ids":
        raise ModelRefusedError(
            f"{known.__name__} reads {', '.join(reads)} ({known.main_input_name})", alone
        )
    return together if others else None


def _has_attention(model: Any) -> bool:
    """Whether a model that keeps a state may have attention too, as the names of modules say."""
    names = [type(module).__name__.lower() for module in model.modules()]
    return not model._is_stateful or any("attention" in name for name in names)


def _check_all_is_loaded(report: dict[str, Any]) -> None:
    """Raise ModelRefusedError if some weights are random, since the file didn't have them."""
    others = sorted(str(key) for key, *_ in report["mismatched_keys"])
    if others:
        raise ModelRefusedError(
            f"{len(others)} of its weights haven't the sizes that its config.json says, among them "
            f"{others[0]}",
            "wrong_sizes",
        )
    # A pooler comes after everything that is shown.
    missing = sorted(key for key in report["missing_keys"] if "pooler" not in key)
    if missing:
        raise ModelRefusedError(
            f"its file lacks {len(missing)} of the weights, among them {missing[0]}",
            "weights_missing",
        )


def _config(transformers: Any, name_or_path: str, found: dict[str, Any]) -> Any:
    """The model's config, after a look at what it asks for."""
    folder = Path(name_or_path)
    if folder.is_dir() and not (folder / "config.json").is_file():
        raise ModelRefusedError("there is no config.json in its folder", "no_config")
    with refusing("bad_config"):
        raw, _ = transformers.PreTrainedConfig.get_config_dict(name_or_path, **found)
        for key, code in REFUSED.items():
            if raw.get(key):
                raise ModelRefusedError(f"{key!r} in its config.json", code)
        if raw.get("model_type") not in transformers.CONFIG_MAPPING:
            raise ModelRefusedError(f"model_type is {raw.get('model_type')!r}", "unknown_type")
        for key, value in raw.items():
            is_count = any(part in key for part in MANY) and isinstance(value, int | float)
            if is_count and value > MOST_OF_A_KIND:
                raise ModelRefusedError(f"{key} is {value}", "bad_config")
        return transformers.AutoConfig.from_pretrained(name_or_path, **found)


def _check_weights_are_safe(folder: Path) -> None:
    """Raise ModelRefusedError unless a folder has its weights as safetensors alone."""
    if (folder / ".metadata").exists():  # a checkpoint of many processes, described by a pickle
        raise ModelRefusedError("its weights are a distributed checkpoint", "distributed")
    if any(folder.glob("*.safetensors")):
        return
    pickles = sorted(path.name for path in folder.glob("*") if path.suffix in (".bin", ".pt"))
    if pickles:
        raise ModelRefusedError(f"its weights are a pickle ({pickles[0]})", "pickle")
    raise ModelRefusedError("there are no weights in its folder", "no_weights")


def _kind(transformers: Any, config: Any) -> ModelKind:
    if config.is_encoder_decoder:
        return "encoder-decoder"
    if any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in config.architectures or ()):
        return "decoder"
    # A type that can fill gaps is an encoder, even if it could also be made to write.
    writes = type(config) in transformers.MODEL_FOR_CAUSAL_LM_MAPPING
    fills_gaps = type(config) in transformers.MODEL_FOR_MASKED_LM_MAPPING
    return "decoder" if writes and not fills_gaps else "encoder"


def _tokenizer(
    transformers: Any, name_or_path: str, found: dict[str, Any]
) -> tuple[SubwordTokenizer, int | None]:
    """Return a tokeniser, and the id of its mask, if it has one."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(name_or_path, **found)
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if not isinstance(backend, Tokenizer):
        raise ModelRefusedError(
            f"its tokeniser ({type(tokenizer).__name__}) isn't a fast one", "slow_tokenizer"
        )
    # Without its files, transformers makes one that knows special tokens and a space at most.
    if len(set(tokenizer.get_vocab()) - set(tokenizer.all_special_tokens)) < 2:
        raise ModelRefusedError("its tokeniser knows no words", "no_tokenizer")
    tells_types = "token_type_ids" in tokenizer.model_input_names
    # Made for this one call: nobody else's settings change.
    return SubwordTokenizer(backend, tells_types=tells_types), tokenizer.mask_token_id


def _size(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"
