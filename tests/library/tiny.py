"""Small models of transformers with random weights, and a tokenizer of a few words."""

from typing import Any

import torch

WORDS = (
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]"),
    *[
        "the",
        "cat",
        "sat",
        "on",
        "a",
        "mat",
        "and",
        "it",
        "was",
        "tired",
        "<script>alert(1)</script>",
    ],
)
SMALL = {
    "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
    "max_position_embeddings": 32, "vocab_size": len(WORDS), "pad_token_id": 0,
    "bos_token_id": 2, "eos_token_id": 3,
}  # fmt: skip
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("BertModel", SMALL),
    "bert-head": ("BertForSequenceClassification", SMALL),
    "gpt2": ("GPT2LMHeadModel", SMALL),
    "llama": ("LlamaForCausalLM", {**SMALL, "num_key_value_heads": 2}),
    "qwen2": ("Qwen2Model", {**SMALL, "num_key_value_heads": 2}),
    "t5": ("T5ForConditionalGeneration", {
        "d_model": 16, "d_kv": 4, "d_ff": 24, "num_layers": 2, "num_heads": 4,
        "vocab_size": len(WORDS), "decoder_start_token_id": 0}),
    "bart": ("BartModel", {
        "d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
        "decoder_attention_heads": 4, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24,
        "max_position_embeddings": 32, "vocab_size": len(WORDS), "decoder_start_token_id": 2,
        "bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}),
}  # fmt: skip


def tiny_model(family: str, **options: Any) -> Any:
    """A model with random weights; the same each time."""
    import transformers

    name, config = FAMILIES[family]
    cls = getattr(transformers, name)
    torch.manual_seed(0)
    return cls(cls.config_class(**config, **options))


def tiny_tokenizer() -> Any:
    """A tokenizer of words, which puts nothing around a text."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="[UNK]", pad_token="[PAD]", eos_token="[SEP]"
    )
