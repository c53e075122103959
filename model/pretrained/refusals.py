"""Why somebody else's model can't be used: a code for the screen, and the reason for the log.

What transformers and the libraries beneath it raise is written for programmers, and can name
folders of the server. It is a reason, and never what a visitor reads.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, get_args

from ..errors import CodedText
from ..reasons import one_line
from .base import ModelUnavailableError

Refusal = Literal[
    "not_installed",  # transformers isn't
    "not_offered",
    "not_here",  # and downloads are off
    "gone",  # its folder
    "not_readable",
    "no_config",
    "bad_config",
    "unknown_type",
    "own_code",
    "quantised",
    "own_weights_file",
    "images",
    "sound",
    "images_and_text",
    "sound_and_text",
    "other_input",
    "no_attention",
    "attention",
    "no_tokenizer",
    "slow_tokenizer",
    "outer_tokens",  # without a vector
    "no_weights",
    "pickle",
    "distributed",
    "bad_weights",
    "wrong_sizes",
    "weights_missing",
    "too_large",
    "memory",
    "other",
]
REFUSALS: tuple[Refusal, ...] = get_args(Refusal)


class ModelRefusedError(ModelUnavailableError):
    """Somebody else's model can't be used. What str() says of it is the technical reason.

    Args:
        reason: for the log, in one line.
        code: what to say on the screen.
        values: what goes into that sentence.
    """

    def __init__(
        self, reason: str, code: Refusal = "other", values: Mapping[str, str] | None = None
    ) -> None:
        text = CodedText(
            "model.refused", "This model can't be used here. The server's log says why."
        )
        super().__init__(text.code, text.template)
        self.reason = reason
        self.code = code
        self.values: Mapping[str, str] = values or {}

    def __str__(self) -> str:
        return self.reason


@contextmanager
def refusing(code: Refusal) -> Iterator[None]:
    """Turn whatever is raised here into a refusal with this code, or a better one.

    Raises:
        ModelRefusedError: for any exception.
    """
    try:
        yield
    except ModelRefusedError:
        raise
    except Exception as error:
        raise ModelRefusedError(one_line(error), _better(error) or code) from error


def _better(error: Exception) -> Refusal | None:
    """Return what an exception says by itself, wherever it came from."""
    every: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in every:
        every.append(cause)
        cause = cause.__cause__ or cause.__context__
    if any(isinstance(each, PermissionError) for each in every):
        return "not_readable"
    # torch has no type of its own for what it can't allocate.
    if any(isinstance(each, MemoryError) or "allocate memory" in str(each) for each in every):
        return "memory"
    if "couldn't connect" in one_line(error):
        return "not_here"
    return None
