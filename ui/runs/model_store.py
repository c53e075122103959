"""Which trained models this server offers, and the models themselves: one for all sessions.

The server's owner decides, by environment variables:

HEADLIGHT_MODELS: further models for transformers to load, separated by commas: folders, or names
on the hub. Nobody can make the server read anything else.
HEADLIGHT_DOWNLOAD: 1 lets it download those that aren't on this machine; else it never does.
HEADLIGHT_MODEL_MB: megabytes that the weights of all loaded models may take, 2048 if unset.
"""

import copy
import logging
import os
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock

from cachetools import LRUCache, TTLCache

from model.pretrained.base import ModelUnavailableError, PretrainedModel
from model.pretrained.refusals import ModelRefusedError

BUNDLED = ("minilm", "smollm2")  # they come with `make run`
DEFAULT_MODEL = "minilm"
DEFAULT_MEGABYTES = 2048

Progress = Callable[[float], None]  # told how much of the loading is done, 0 to 1


def most_bytes() -> int:
    """Return how much memory the weights of all loaded models may take."""
    try:
        megabytes = int(os.environ.get("HEADLIGHT_MODEL_MB", ""))
    except ValueError:
        megabytes = DEFAULT_MEGABYTES
    return max(0, megabytes) * 2**20


def further_models() -> dict[str, str]:
    """Return the owner's own models: what each is called here, and the folder or name to load."""
    listed = os.environ.get("HEADLIGHT_MODELS", "").split(",")
    wanted = [os.path.expanduser(name.strip()) for name in listed if name.strip()]
    models: dict[str, str] = {}
    for name in wanted:
        folder = Path(name)
        called = folder.name if _is_folder(name) else name
        if called in models or called in BUNDLED:  # two folders of one name
            called = "/".join(folder.parts[-2:])
        models[called] = name
    return models


def _is_folder(name: str) -> bool:
    """Whether it names a folder, whose path is nobody else's business."""
    return name.startswith(("/", ".")) or Path(name).is_dir()


def model_choices() -> tuple[str, ...]:
    """Return what can be chosen."""
    return (*BUNDLED, *(name for name in further_models() if name not in BUNDLED))


REFUSED_FOR = 60  # seconds until a model that can't be used is tried again


class _Models(LRUCache[str, PretrainedModel]):
    """The loaded models; those that nobody asks for make room, and what was made with them goes."""

    def popitem(self) -> tuple[str, PretrainedModel]:
        dropped: tuple[str, PretrainedModel] = super().popitem()
        for forget in when_dropped:
            forget(dropped[1])
        return dropped


when_dropped: list[Callable[[PretrainedModel], None]] = []  # told of each model that goes
_models: _Models | None = None
_refused: TTLCache[str, ModelUnavailableError] = TTLCache(32, REFUSED_FOR)  # and why
_unusable: dict[str, str] = {}  # what couldn't be loaded when somebody asked last, and why
_log = logging.getLogger(__name__)
_lock = Lock()  # of the above, held for a moment
_loading: defaultdict[str, Lock] = defaultdict(Lock)  # two who ask for a model at once get one


def model_of(choice: str, progress: Progress = lambda done: None) -> PretrainedModel:
    """Return a model that can be chosen, loaded if it isn't yet.

    Args:
        choice: one of model_choices.
        progress: is told how far the loading is, where that can take long.

    Raises:
        ModelUnavailableError: if it isn't installed, damaged, too large or not offered.
    """
    found = _loaded(choice)
    if found is not None:
        return found
    with _loading[choice]:  # those who look at another model don't wait
        found = _loaded(choice)
        if found is None:
            found = _load_once(choice, progress)
            with _lock, suppress(ValueError):  # too large to be kept: nobody knew before
                _kept()[choice] = found
        return found


def is_loaded(choice: str) -> bool:
    """Whether a model is there already."""
    return _loaded(choice) is not None


def is_unusable(choice: str) -> bool:
    """Whether a model couldn't be loaded when somebody asked for it last."""
    return choice in _unusable


def _loaded(choice: str) -> PretrainedModel | None:
    with _lock:
        return _kept().get(choice)


def _kept() -> _Models:
    global _models
    if _models is None or _models.maxsize != most_bytes():
        _models = _Models(most_bytes(), getsizeof=lambda model: model.weights_bytes)
    return _models


def _load_once(choice: str, progress: Progress) -> PretrainedModel:
    """Load a model, unless somebody was refused it just now: finding out can take long."""
    if choice in _refused:
        raise copy.copy(_refused[choice])  # each raising adds to an exception
    try:
        model = _load(choice, progress)
    except ModelUnavailableError as error:
        if _unusable.get(choice) != str(error):  # said once, however many ask
            _log.warning("The model %s can't be used: %s", choice, error)
        _unusable[choice] = str(error)
        if choice not in BUNDLED:  # these are found out at once, and may be installed meanwhile
            _refused[choice] = copy.copy(error)  # without the frames it came through
        raise
    _unusable.pop(choice, None)
    return model


def _load(choice: str, progress: Progress) -> PretrainedModel:
    # Imported when they are asked for: Explore starts without them.
    if choice == "minilm":
        from model.pretrained.minilm import load_minilm

        return load_minilm(most_bytes())
    if choice == "smollm2":
        from model.pretrained.smollm2 import load_smollm2

        return load_smollm2(most_bytes(), progress)
    from model.pretrained.hugging_face import load

    offered = further_models()
    if choice not in offered:
        raise ModelRefusedError("HEADLIGHT_MODELS doesn't list it", "not_offered")
    name = offered[choice]
    if _is_folder(name) and not Path(name).is_dir():
        raise ModelRefusedError(f"{name} is no folder", "gone")
    return load(
        name,
        allowed=list(offered.values()),
        most_bytes=most_bytes(),
        download=os.environ.get("HEADLIGHT_DOWNLOAD") == "1",
    )
