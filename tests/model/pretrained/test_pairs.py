"""Two sentences in one pass: the tokens and the numbers of transformers, given both."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("tokenizers")
pytest.importorskip("transformers")

import transformers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from model.pretrained.base import ModelTrace, PretrainedModel, reads_pairs
from model.pretrained.hugging_face import load
from model.pretrained.minilm import load_minilm
from model.subword_cutting import longest_first
from model.subwords import SubwordTokenizer
from tests.matrix import matrix
from tests.model.pretrained.tiny_models import word_level
from tests.model.subword_models import MINILM, folder_of, minilm

FIRST, SECOND = "The animal didn't cross.", "Because it was unbelievably tired!"
CLOSE = {"rtol": 0.0, "atol": 1e-4}


@pytest.fixture(scope="module")
def wordpiece() -> SubwordTokenizer:
    return SubwordTokenizer(minilm())


@pytest.fixture(scope="module")
def reference() -> Any:
    folder = folder_of(MINILM) / "model"
    return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)


def test_a_pair_of_minilm(wordpiece: SubwordTokenizer) -> None:
    found = wordpiece.encode_pair("The CAT sat", "cafe\u0301 1.7B")
    assert found.pieces == (
        *("[CLS]", "the", "cat", "sat", "[SEP]"),
        *("cafe", "1", ".", "7", "##b", "[SEP]"),
    )
    assert found.token_types == (0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1)
    assert found.sentences == (None, 0, 0, 0, None, 1, 1, 1, 1, 1, None)
    assert [i for i, special in enumerate(found.special) if special] == [0, 4, 10]
    assert not any(found.unknown)
    assert found.words == (0, 1, 2, 3, 4, 5, 6, 6, 6, 6, 7)
    assert found.word_texts == (
        *("[CLS]", "The", "CAT", "sat", "[SEP]", "cafe\u0301", "1.7B", "[SEP]"),
    )
    assert found.left_out == 0


def test_one_sentence_is_of_no_pair(wordpiece: SubwordTokenizer) -> None:
    assert wordpiece.encode("a").token_types == wordpiece.encode("a").sentences == ()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (FIRST, SECOND),
        ("", SECOND),
        (FIRST, " "),
        ("我喜 [SEP] x", "🙂 ##b [MASK]"),
        ("a b c d e f g h i", "x"),
        ("x", "a b c d e f g h i"),
        ("a b c d e", "f g h i j k l"),
    ],
)
def test_tokens_types_and_the_cut_are_those_of_transformers(
    wordpiece: SubwordTokenizer, reference: Any, first: str, second: str
) -> None:
    for longest in (None, 3, 4, 8, 9, 10):
        cut = {} if longest is None else {"truncation": True, "max_length": longest}
        wanted = reference(first, second, **cut)
        found = wordpiece.encode_pair(first, second, longest)
        assert list(found.ids) == wanted["input_ids"]
        assert list(found.token_types) == wanted["token_type_ids"]
        whole = wordpiece.encode_pair(first, second)
        assert found.left_out == len(whole) - len(found)


@given(first=st.integers(0, 20), second=st.integers(0, 20), room=st.integers(0, 25))
def test_the_longer_sentence_is_cut_first(first: int, second: int, room: int) -> None:
    kept = longest_first([first, second], room)
    assert sum(kept) == min(room, first + second)
    lengths = (first, second)
    assert all(0 <= k <= n for k, n in zip(kept, lengths, strict=True))
    if abs(kept[0] - kept[1]) > 1:  # the shorter one is whole as long as the other is longer
        shorter = min(0, 1, key=kept.__getitem__)
        assert kept[shorter] == lengths[shorter]


def test_what_has_no_template_and_what_has_no_room(wordpiece: SubwordTokenizer) -> None:
    plain = SubwordTokenizer(word_level())
    assert not plain.has_pairs
    assert wordpiece.has_pairs
    with pytest.raises(ValueError, match="no template for a pair"):
        plain.encode_pair("w3", "w4")
    with pytest.raises(ValueError, match=r"longest must be at least 3, .* got 2"):
        wordpiece.encode_pair("a", "b", 2)
    # A template of one sentence alone says nothing of two.
    tokenizer = word_level()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 0), ("[SEP]", 1)]
    )
    assert not SubwordTokenizer(tokenizer).has_pairs


def test_no_word_reaches_from_one_sentence_into_the_other() -> None:
    tokenizer = word_level()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A", pair="[CLS] $A $B", special_tokens=[("[CLS]", 0)]
    )
    found = SubwordTokenizer(tokenizer).encode_pair("w3 w4", "w5")
    assert found.word_texts == ("[CLS]", "w3", "w4", "w5")
    assert found.sentences == (None, 0, 0, 1)


def run_pair(model: PretrainedModel, first: str, second: str) -> tuple[ModelTrace, list[int]]:
    found = model.tokenizer.encode_pair(first, second, model.longest)
    types = torch.tensor([found.token_types]) if found.token_types else None
    ids = torch.tensor([found.ids])
    return model.run(ids, [len(found)], token_types=types), list(found.ids)


def check_equal(run: ModelTrace, out: Any, steps: int) -> None:
    """Every hidden state and every weight."""
    stream = run.trace.encoder_stream[::steps]
    for ours, theirs in zip(stream, out.hidden_states, strict=True):
        torch.testing.assert_close(ours, theirs, **CLOSE)
    for trace, theirs in zip(run.trace.encoder_self, out.attentions, strict=True):
        torch.testing.assert_close(trace.weights, theirs, **CLOSE)


@pytest.mark.parametrize(
    ("first", "second"), [(FIRST, SECOND), ("x " * 400, SECOND), ("我喜", "🙂 ##b [MASK]")]
)
def test_minilm_s_numbers_are_those_of_transformers(
    reference: Any, first: str, second: str
) -> None:
    model = load_minilm()
    assert reads_pairs(model)
    bert = transformers.BertModel.from_pretrained(
        folder_of(MINILM) / "model",
        attn_implementation="eager", dtype=torch.float32, local_files_only=True,
    )  # fmt: skip
    run, ids = run_pair(model, first, second)
    inputs = reference(first, second, return_tensors="pt", truncation=True, max_length=512)
    assert inputs["input_ids"].tolist() == [ids]
    with torch.inference_mode():
        out = bert(**inputs, output_hidden_states=True, output_attentions=True)
    check_equal(run, out, 2)
    assert model.compare(run).largest < 1e-5
    # And not those without the second sentence's own vector.
    untold = model.run(torch.tensor([ids]), [len(ids)])
    assert (untold.trace.output - run.trace.output).abs().max() > 0.01


def test_a_model_of_one_type_is_told_of_none() -> None:
    model = load_minilm()
    model._token_types = None
    with pytest.raises(ValueError, match="knows one type of token"):
        model.run(torch.tensor([[5, 6]]), [2], token_types=torch.tensor([[0, 1]]))


SMALL = {
    "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
    "vocab_size": 60, "max_position_embeddings": 40,
}  # fmt: skip
DISTIL = {
    "dim": 16, "hidden_dim": 24, "n_layers": 2, "n_heads": 4, "vocab_size": 60,
    "max_position_embeddings": 40,
}  # fmt: skip


def foreign(folder: Path, name: str) -> Path:
    """A tiny encoder of random weights with the tokeniser of its kind."""
    roberta = name == "Roberta"
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    if not roberta:
        specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {piece: i for i, piece in enumerate([*specials, *"abcdefghij"])}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token=specials[3 if roberta else 1]))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.add_special_tokens(specials)
    if roberta:
        backend.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    else:
        backend.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    config = getattr(transformers, f"{name}Config")
    sizes = DISTIL if name == "DistilBert" else SMALL
    more: dict[str, Any] = {"pad_token_id": 1 if roberta else 0}
    if name in ("Albert", "Electra"):
        more["embedding_size"] = 8
    if roberta:
        more["type_vocab_size"] = 1
    torch.manual_seed(0)
    model = transformers.AutoModel.from_config(config(**{**sizes, **more}))
    for parameter in model.parameters():  # a fresh embedding is too small to tell anything
        torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    names = ["input_ids", "attention_mask"]
    if not roberta and name != "DistilBert":
        names.insert(1, "token_type_ids")
    wrapped = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_input_names=names,
        unk_token=specials[3 if roberta else 1],
        pad_token=specials[1 if roberta else 0],
    )
    wrapped.save_pretrained(folder)
    config_file = folder / "tokenizer_config.json"
    said = json.loads(config_file.read_text())
    config_file.write_text(json.dumps({**said, "tokenizer_class": "PreTrainedTokenizerFast"}))
    return folder


@matrix(2, "name", ["Bert", "Electra", "Albert", "DistilBert", "Roberta"])
def test_foreign_encoders_numbers_are_those_of_transformers(name: str, tmp_path: Path) -> None:
    folder = foreign(tmp_path / "model", name)
    model = load(str(folder), allowed=[str(folder)], most_bytes=2**30)
    assert reads_pairs(model)
    run, ids = run_pair(model, "a b c", "d e b")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    inputs = tokenizer("a b c", "d e b", return_tensors="pt")
    assert inputs["input_ids"].tolist() == [ids]
    if name == "Roberta":
        assert ids == [0, 5, 6, 7, 2, 2, 8, 9, 6, 2]  # <s> a b c </s> </s> d e b </s>
    eager = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    with torch.inference_mode():
        out = eager(**inputs, output_hidden_states=True, output_attentions=True)
        check_equal(run, out, 1)
        if "token_type_ids" in inputs:
            inputs["token_type_ids"][:] = 0
            other = eager(**inputs).last_hidden_state
            assert (other - run.trace.output).abs().max() > 1e-3
    assert model.compare(run).largest < 1e-4
