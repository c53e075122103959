"""Pretrained with models that can't read all that their tokeniser makes, or need a target."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

pytest.importorskip("transformers")
import transformers
from tokenizers.processors import TemplateProcessing

from tests.model.pretrained.tiny_models import saved, tiny, word_level
from tests.ui.helpers import (
    change,
    control,
    link,
    notices,
    numbers,
    open_app,
    strip,
    type_text,
    value,
)
from tests.ui.pages.pretrained.helpers import button, messages, open_trained
from ui.runs import model_store as models

BEYOND = (
    "my-{name}'s tokeniser knows 2 tokens for which its table has no vectors, such as ` zebra `: a "
    "text with one of them can't be computed."
)
SAID = (
    "my-{name} has no vector for {token}, which its tokeniser knows: its table ends at token 49. "
    "Type another text."
)
NO_START = "my-t5 names no token that a target begins with: its target begins with what is typed."
TYPE_ONE = (
    "my-t5 names no token that a target begins with: type a target, and what is typed begins it."
)


def with_more_tokens(folder: Path, **special: str) -> Path:
    """Let a folder's tokeniser know two tokens more than the model's table has rows."""
    backend = word_level()
    backend.add_tokens(["zebra", "yak"])  # 50 and 51
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, unk_token="[UNK]", model_max_length=32, **special
    ).save_pretrained(folder)
    return folder


def without_start(folder: Path) -> Path:
    """T5 as it is saved where nobody named a token to begin with."""
    model = tiny("t5")
    for config in (model.config, model.generation_config):
        config.decoder_start_token_id = config.bos_token_id = None
    model.save_pretrained(folder / "my-t5")
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=word_level(), unk_token="[UNK]", model_max_length=32
    ).save_pretrained(folder / "my-t5")
    return folder / "my-t5"


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def offered(*folders: Path) -> None:
        monkeypatch.setenv("HEADLIGHT_MODELS", ",".join(map(str, folders)))
        monkeypatch.delenv("HEADLIGHT_DOWNLOAD", raising=False)
        for folder in folders:
            models._refused.pop(folder.name, None)
            if models._models is not None:
                models._models.pop(folder.name, None)

    return offered


def opened(name: str, **more: Any) -> AppTest:
    return open_trained(**{"model": f"my-{name}", "text": "w5 w6 w7", **more})


@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_a_token_beyond_the_table_is_named_and_can_be_corrected(
    name: str, tmp_path: Path, offer: Callable[..., None]
) -> None:
    offer(with_more_tokens(saved(tmp_path, name)))
    page = opened(name)
    assert notices(page) == [BEYOND.format(name=name)]  # said at loading
    assert messages(page) == []
    type_text(page, "w5 zebra w7")
    assert messages(page) == [SAID.format(name=name, token="` zebra `")]
    assert control(page, "text").value == "w5 zebra w7"
    assert notices(page) == [BEYOND.format(name=name)]
    page = opened(name, text="yak w5 zebra")  # and where a link asks for them
    assert messages(page) == [
        SAID.format(name=name, token="` zebra `, ` yak `").replace("no vector ", "no vectors ")
    ]
    for view in control(page, "view").options:
        change(page, view=view)
        assert len(page.error) == 1
        assert control(page, "text").value == "yak w5 zebra"
    change(page, view="heads", text="w5 w6")
    assert messages(page) == []
    assert numbers(page)[0].shape == (2, 2)


def test_a_second_sentence_that_cannot_be_read_can_be_corrected(
    tmp_path: Path, offer: Callable[..., None]
) -> None:
    offer(with_more_tokens(saved(tmp_path, "bert")))
    page = opened("bert", text2="w9 yak")
    assert messages(page) == [SAID.format(name="bert", token="` yak `")]
    change(page, text2="w9")
    assert messages(page) == []


def test_a_link_cannot_add_a_token_beyond_the_table(
    tmp_path: Path, offer: Callable[..., None]
) -> None:
    offer(with_more_tokens(saved(tmp_path, "gpt2")))
    page = opened("gpt2", added="9,50,8", view="next token")
    assert "1 of the link's added tokens aren't in my-gpt2's vocabulary." in notices(page)
    assert value(page, "added") == "9,8"
    assert strip(page)["tokens"] == ["w5", "w6", "w7", "w9", "w8"]
    assert messages(page) == []


def test_compare_names_the_token_too(tmp_path: Path, offer: Callable[..., None]) -> None:
    offer(with_more_tokens(saved(tmp_path, "bert")))
    side = "pretrained?model=my-bert&text=w5 "
    at = open_app(link(a=f"{side}w6", b=f"{side}zebra", side="b"), path="compare")
    assert messages(at) == [f"**B**: {SAID.format(name='bert', token='` zebra `')}"]
    assert control(at, "b_text").value == "w5 zebra"
    change(at, b_text="w5 w7")
    assert messages(at) == []


def test_a_token_around_each_text_that_has_no_vector_is_told_at_loading(
    tmp_path: Path, offer: Callable[..., None]
) -> None:
    folder = saved(tmp_path, "bert")
    backend = word_level()
    backend.add_special_tokens(["[BEGIN]"])
    backend.post_processor = TemplateProcessing(
        single="[BEGIN] $A", pair="[BEGIN] $A $B", special_tokens=[("[BEGIN]", 50)]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, unk_token="[UNK]"
    ).save_pretrained(folder)
    offer(folder)
    page = opened("bert")
    (said,) = messages(page)
    assert said == (
        "The tokeniser of my-bert puts [BEGIN] around each text, for which the model has no vector."
    )
    assert control(page, "text").value == "w5 w6 w7"


def test_a_decoder_without_a_start_asks_for_a_target(
    tmp_path: Path, offer: Callable[..., None]
) -> None:
    offer(without_start(tmp_path))
    page = opened("t5")
    assert notices(page) == [NO_START]  # said at loading
    assert [box.value for box in page.info] == [TYPE_ONE]
    assert not page.error
    assert control(page, "text").value == "w5 w6 w7"
    for view in ("heads", "layers", "next token", "finder", "numbers"):
        change(page, view=view)
        assert [box.value for box in page.info] == [TYPE_ONE]
    type_text(page, "w8")
    assert [box.value for box in page.info] == [TYPE_ONE]
    page.run()
    change(page, view="heads", kind="cross", text="w5 w6", text2="w20 w21 w22")
    assert messages(page) == []
    assert numbers(page)[0].shape == (3, 2)  # the target begins with what was typed
    change(page, view="answer")
    button(page, "write_0").click().run()
    assert not page.exception
    assert messages(page) == []
    change(page, text2="")  # what was written after it goes with it
    assert [box.value for box in page.info] == [TYPE_ONE]


def test_a_start_beyond_the_table_is_none(tmp_path: Path, offer: Callable[..., None]) -> None:
    folder = without_start(tmp_path)
    generation = transformers.GenerationConfig(decoder_start_token_id=50)
    generation.save_pretrained(folder)
    offer(folder)
    page = opened("t5", text2="w20")
    assert notices(page) == [NO_START]
    assert messages(page) == []
    np.testing.assert_allclose(np.nansum(numbers(page)[0], axis=-1), 1, rtol=1e-5)
