"""Models of transformers whose encoder and decoder differ, with weights of a seed."""

from typing import Any

import torch
import transformers

from model.pretrained import recorder
from tests.model.helpers import shaken
from tests.model.pretrained.tiny_models import VOCABULARY

# Layers and heads of the encoder, and of the decoder.
SIZES = {
    "bart": ((4, 4), (2, 2)),
    "marian": ((1, 2), (3, 4)),
    "t5": ((3, 4), (1, 4)),
    "bert2bert": ((3, 4), (2, 2)),
}
LONGEST = 32


def config_of(name: str) -> Any:
    (layers, heads), (decoder_layers, decoder_heads) = SIZES[name]
    ids = {"pad_token_id": 3, "decoder_start_token_id": 0}
    both: dict[str, Any] = {
        "d_model": 16,
        "encoder_layers": layers,
        "decoder_layers": decoder_layers,
        "encoder_attention_heads": heads,
        "decoder_attention_heads": decoder_heads,
        "encoder_ffn_dim": 24,
        "decoder_ffn_dim": 24,
        "max_position_embeddings": LONGEST,
        "vocab_size": VOCABULARY,
        "bos_token_id": 1,
        "eos_token_id": 2,
        **ids,
    }
    match name:
        case "bart":
            return transformers.BartConfig(**both)
        case "marian":
            return transformers.MarianConfig(**both)
        case "t5":
            return transformers.T5Config(
                d_model=16, d_kv=6, d_ff=24, num_layers=layers, num_decoder_layers=decoder_layers,
                num_heads=heads, vocab_size=VOCABULARY, **ids,
            )  # fmt: skip
    bert = {"intermediate_size": 24, "vocab_size": VOCABULARY}
    encoder = transformers.BertConfig(
        hidden_size=16, num_hidden_layers=layers, num_attention_heads=heads,
        max_position_embeddings=LONGEST, **bert,
    )  # fmt: skip
    decoder = transformers.BertConfig(  # of other vectors, and of fewer places
        hidden_size=24, num_hidden_layers=decoder_layers, num_attention_heads=decoder_heads,
        max_position_embeddings=20, is_decoder=True, add_cross_attention=True, **bert,
    )  # fmt: skip
    return transformers.EncoderDecoderConfig(
        encoder=encoder.to_dict(), decoder=decoder.to_dict(), **ids
    )


def uneven(name: str, attention: str = recorder.NAME) -> Any:
    """The model of that name; the same weights for every attention implementation."""
    recorder.register()
    torch.manual_seed(0)
    model = transformers.AutoModelForSeq2SeqLM.from_config(
        config_of(name), attn_implementation=attention, dtype=torch.float32
    )
    return shaken(model).eval().requires_grad_(False)
