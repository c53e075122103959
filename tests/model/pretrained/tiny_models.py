"""Models of transformers that are small enough to run in a test, with weights of a seed."""

import json
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor

from model.pretrained import recorder
from model.pretrained.base import ModelKind
from tests.model.helpers import shaken

VOCABULARY = 50
HEADS = 4
LAYERS = 2
WINDOW = 3  # of qwen2's second layer
NAMES = ["bert", "gpt2", "llama", "qwen2", "t5"]
DECODERS = ["gpt2", "llama", "qwen2"]
KINDS: dict[str, ModelKind] = {
    "bert": "encoder",
    "gpt2": "decoder",
    "llama": "decoder",
    "qwen2": "decoder",
    "t5": "encoder-decoder",
}

IDS = torch.tensor([[5, 6, 7, 8, 9, 10], [11, 12, 13, 3, 3, 3]])
LENGTHS = [6, 3]
TARGET_IDS = torch.tensor([[0, 20, 21, 22], [0, 23, 3, 3]])
TARGET_LENGTHS = [4, 2]


def config_of(name: str) -> Any:
    small = {
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "max_position_embeddings": 32,
        "vocab_size": VOCABULARY,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 3,
    }
    match name:
        case "bert":
            return transformers.BertConfig(**small)
        case "gpt2":
            return transformers.GPT2Config(**small)
        case "llama":
            return transformers.LlamaConfig(**small, num_key_value_heads=2)
        case "qwen2":
            return transformers.Qwen2Config(
                **small,
                num_key_value_heads=1,
                use_sliding_window=True,
                sliding_window=WINDOW,
                max_window_layers=1,
            )
        case "t5":  # its heads together are wider than its vectors
            return transformers.T5Config(
                d_model=16, d_kv=6, d_ff=24, num_layers=LAYERS, num_heads=HEADS,
                vocab_size=VOCABULARY, pad_token_id=3, decoder_start_token_id=0,
            )  # fmt: skip
    raise ValueError(name)


def tiny(name: str, attention: str = recorder.NAME) -> Any:
    """The model of that name; the same weights for every attention implementation."""
    recorder.register()
    auto = {
        "encoder": transformers.AutoModel,
        "decoder": transformers.AutoModelForCausalLM,
        "encoder-decoder": transformers.AutoModelForSeq2SeqLM,
    }[KINDS[name]]
    torch.manual_seed(0)
    model = auto.from_config(config_of(name), attn_implementation=attention, dtype=torch.float32)
    return shaken(model).eval().requires_grad_(False)


def own(ids: Tensor, lengths: list[int]) -> Tensor:
    """1 for the sentences' own tokens, 0 for padding."""
    mask = torch.zeros_like(ids)
    for row, length in zip(mask, lengths, strict=True):
        row[:length] = 1
    return mask


def inputs_of(name: str) -> dict[str, Any]:
    """A padded batch, as transformers wants it."""
    inputs = {"input_ids": IDS, "attention_mask": own(IDS, LENGTHS), "output_hidden_states": True}
    if name == "t5":
        inputs["decoder_input_ids"] = TARGET_IDS
        inputs["decoder_attention_mask"] = own(TARGET_IDS, TARGET_LENGTHS)
    return inputs


def word_level() -> Tokenizer:
    """A tokeniser whose words are w3, w4, ..., by their ids."""
    special = {"[CLS]": 0, "[SEP]": 1, "[UNK]": 2}
    words = {f"w{n}": n for n in range(3, VOCABULARY)}
    tokenizer = Tokenizer(models.WordLevel(special | words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def saved(folder: Path, name: str, model: Any = None) -> Path:
    """A folder of a tiny model with its tokeniser."""
    folder = folder / f"my-{name}"
    model = tiny(name) if model is None else model
    if name == "t5":
        model.generation_config.decoder_start_token_id = 0
    model.save_pretrained(folder)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=word_level(), unk_token="[UNK]", model_max_length=32
    )
    tokenizer.save_pretrained(folder)
    return folder


def change_config(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def saved_with_head(folder: Path, auto: str, **options: Any) -> tuple[Any, Path]:
    """A tiny BERT that answers, under "eager", and its folder; its mask is the word w4."""
    config = config_of("bert")
    for key, value in options.items():
        setattr(config, key, value)
    torch.manual_seed(0)
    model = getattr(transformers, auto).from_config(config, attn_implementation="eager").eval()
    path = saved(folder, "bert", model)
    tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    tokenizer.add_special_tokens({"mask_token": "w4"})
    tokenizer.save_pretrained(path)
    return model, path
