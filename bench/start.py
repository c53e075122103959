"""One trained model's start in a process of its own: seconds, and resident memory.

`python -m bench.start NAME` prints them as JSON. The clock starts when torch is imported, which the
app needs in any case; nothing else of a model is imported before.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch

from bench.attention import CLEAR_REFS, memory_mb

APP_THREADS = 1  # with which the app computes: see ui.runs.random_weights.use_one_thread
TOKENS = 16
TEXT = "The animal didn't cross the street because it was too tired, and so it went home to sleep."

Started = tuple[torch.nn.Module, Callable[[], object]]  # the weights, and a run of a sentence


@dataclass(frozen=True)
class Start:
    """Seconds from torch's import on, and resident memory in MB, file-backed pages included."""

    loaded: float  # until the loader came back
    ran: float  # until a sentence had been run as well
    before: float
    after: float  # while what the run kept is alive
    peak: float
    whole: float  # once every weight has been read: files are mapped, and read as they are needed
    weights: float  # what the weights take in float32

    @property
    def grown(self) -> float:
        return self.after - self.before


def minilm() -> Started:
    from model.pretrained.minilm import load_minilm

    return _ours(load_minilm())


def smollm2() -> Started:
    from model.pretrained.smollm2 import load_smollm2

    return _ours(load_smollm2())


def _ours(model: Any) -> Started:
    def run() -> object:
        ids = model.tokenizer.encode(TEXT, TOKENS).ids
        return model.run(torch.tensor([ids]), [len(ids)])

    return model.encoder, run


def bert() -> Started:
    """Transformers' BERT with the same file, without a tokeniser."""
    model = load_bert()
    ids = torch.arange(1000, 1000 + TOKENS)[None]
    return model, lambda: torch.inference_mode()(model)(ids, output_attentions=True)


def load_bert() -> Any:
    """Transformers' BERT as MiniLM's own module computes it: explicit attention, no pooler."""
    from transformers import BertModel
    from transformers.utils import logging

    from model.pretrained.minilm import model_folder

    logging.set_verbosity_error()  # it would tell that the file has a pooler as well
    return BertModel.from_pretrained(
        model_folder(),
        attn_implementation="eager",
        dtype=torch.float32,
        local_files_only=True,
        add_pooling_layer=False,
    ).eval()


STARTS = {"minilm": minilm, "smollm2": smollm2, "bert": bert}


def measured(make: Callable[[], Started]) -> Start:
    """Load a model, run a sentence, then read every weight."""
    torch.set_num_threads(APP_THREADS)
    CLEAR_REFS.write_text("5")  # sets the peak back to what is resident now
    before = memory_mb("VmRSS")
    begin = time.perf_counter()
    module, run = make()
    loaded = time.perf_counter() - begin
    kept = run()
    ran = time.perf_counter() - begin
    after, peak = memory_mb("VmRSS"), memory_mb("VmHWM")
    weights = module.state_dict().values()
    for weight in weights:
        weight.sum()
    whole = memory_mb("VmRSS")
    del kept
    needed = 4 * sum(weight.numel() for weight in weights) / 2**20
    return Start(loaded, ran, before, after, peak, whole, needed)


def dequantized() -> float:
    """Seconds in which gguf alone turns SmolLM2's weights into float32, keeping none."""
    begin = time.perf_counter()
    from gguf import GGUFReader
    from gguf.quants import dequantize

    from model.pretrained.packages import package_folder
    from model.pretrained.smollm2 import FILE, NAME, PACKAGE

    for tensor in GGUFReader(package_folder(PACKAGE, NAME) / FILE).tensors:
        dequantize(tensor.data, tensor.tensor_type)
    return time.perf_counter() - begin


if __name__ == "__main__":
    name = sys.argv[1]
    print(json.dumps(dequantized() if name == "gguf" else asdict(measured(STARTS[name]))))
