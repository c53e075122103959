"""Tiny models of the families whose queries, keys and values are made in different ways."""

from typing import Any

import torch
import transformers

from model.pretrained import recorder
from model.pretrained.base import ModelKind
from tests.model.helpers import shaken
from tests.model.pretrained.tiny_models import HEADS, VOCABULARY

SMALL = {
    "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
    "num_attention_heads": HEADS, "max_position_embeddings": 32, "vocab_size": VOCABULARY,
    "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3,
}  # fmt: skip
GROUPED = {**SMALL, "num_key_value_heads": 2}
BART = {
    "d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": HEADS,
    "decoder_attention_heads": HEADS, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24,
    "max_position_embeddings": 32, "vocab_size": VOCABULARY, "bos_token_id": 1, "eos_token_id": 2,
    "pad_token_id": 3, "decoder_start_token_id": 2, "forced_eos_token_id": None,
}  # fmt: skip
LATENT = {  # queries, keys and values from small vectors in between
    **SMALL, "num_key_value_heads": HEADS, "kv_lora_rank": 8, "q_lora_rank": 8, "v_head_dim": 6,
    "qk_rope_head_dim": 4, "qk_nope_head_dim": 4, "n_routed_experts": 2, "n_group": 1,
    "moe_intermediate_size": 8, "first_k_dense_replace": 2, "topk_group": 1,
    "num_experts_per_tok": 1,
}  # fmt: skip
YARN = {
    "rope_type": "yarn", "factor": 4.0, "rope_theta": 10_000.0,
    "original_max_position_embeddings": 8,
}  # fmt: skip
TWO_KINDS = ["sliding_attention", "full_attention"]

# The class of the configuration, and what it is made with.
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("Bert", SMALL),
    "distilbert": (
        "DistilBert",
        {"dim": 16, "hidden_dim": 24, "n_layers": 2, "n_heads": HEADS, "vocab_size": VOCABULARY},
    ),
    "modernbert": ("ModernBert", {**SMALL, "cls_token_id": 1, "sep_token_id": 2}),
    "gpt2": ("GPT2", SMALL),
    "gpt2-inverse": ("GPT2", {**SMALL, "scale_attn_by_inverse_layer_idx": True}),
    "gpt-bigcode": ("GPTBigCode", SMALL),
    "gpt-neox": ("GPTNeoX", {**SMALL, "rope_parameters": {
        "rope_type": "default", "rope_theta": 10_000.0, "partial_rotary_factor": 0.5}}),
    "opt": ("OPT", {**SMALL, "ffn_dim": 24, "word_embed_proj_dim": 16}),
    "llama": ("Llama", GROUPED),
    "llama-yarn": ("Llama", {**GROUPED, "rope_parameters": YARN}),
    "qwen2": ("Qwen2", GROUPED),
    "qwen3": ("Qwen3", {**GROUPED, "head_dim": 6}),
    "gemma3": ("Gemma3Text", {
        **GROUPED, "head_dim": 8, "query_pre_attn_scalar": 12, "layer_types": TWO_KINDS}),
    "phi3": ("Phi3", GROUPED),
    "stablelm": ("StableLm", {**GROUPED, "partial_rotary_factor": 0.5}),
    "olmo2": ("Olmo2", GROUPED),
    "cohere2": ("Cohere2", {**GROUPED, "layer_types": TWO_KINDS}),
    "smollm3": ("SmolLM3", {**GROUPED, "no_rope_layers": [1, 0]}),
    "llama4": ("Llama4Text", {
        **GROUPED, "head_dim": 4, "num_local_experts": 2, "intermediate_size_mlp": 24,
        "no_rope_layers": [1, 0], "floor_scale": 4, "attn_temperature_tuning": True,
        "use_qk_norm": False}),
    "deepseek": ("DeepseekV3", LATENT),
    "t5": ("T5", {
        "d_model": 16, "d_kv": 6, "d_ff": 24, "num_layers": 2, "num_heads": HEADS,
        "vocab_size": VOCABULARY, "pad_token_id": 3, "decoder_start_token_id": 0}),
    "bart": ("Bart", BART),
    "marian": ("Marian", BART),
}  # fmt: skip
KINDS: dict[str, ModelKind] = {
    **dict.fromkeys(FAMILIES, "decoder"),
    **dict.fromkeys(("bert", "distilbert", "modernbert"), "encoder"),
    **dict.fromkeys(("t5", "bart", "marian"), "encoder-decoder"),
}
AUTO = {
    "encoder": "AutoModel",
    "decoder": "AutoModelForCausalLM",
    "encoder-decoder": "AutoModelForSeq2SeqLM",
}


def tiny_of(family: str) -> Any:
    """A model of that family, with random weights of a seed."""
    recorder.register()
    called, options = FAMILIES[family]
    config = getattr(transformers, f"{called}Config")(**options)
    torch.manual_seed(0)
    model = getattr(transformers, AUTO[KINDS[family]]).from_config(
        config, attn_implementation=recorder.NAME, dtype=torch.float32
    )
    return shaken(model).eval().requires_grad_(False)
