"""MiniLM with its whole trace, against transformers' BERT, which keeps the weights alone."""

import json
import statistics
import sys

import torch

from bench.attention import THREADS, from_child, interleaved
from bench.models import check_installed
from bench.report import BenchError, Row, spread
from bench.settings import Options
from bench.start import APP_THREADS, TEXT, TOKENS, load_bert

TARGET = 1.5
TOLERANCE = 1e-5  # of float32 after six layers; the vectors' numbers are below 10


def times(threads: int, seconds: float) -> tuple[list[float], list[float]]:
    """Milliseconds of both models, ours first, once they are known to compute the same."""
    from model.pretrained.minilm import load_minilm

    torch.set_num_threads(threads)
    model, reference = load_minilm(), load_bert()
    ids = torch.tensor([model.tokenizer.encode(TEXT, TOKENS).ids])
    lengths = [ids.shape[1]]
    with torch.inference_mode():
        ours = model.run(ids, lengths).trace.output
        theirs = reference(ids, output_attentions=True).last_hidden_state
        difference = (ours - theirs).abs().max().item()
        if ids.shape[1] != TOKENS or not difference <= TOLERANCE:
            raise BenchError(f"outputs differ by {difference:.2e} at {ids.shape[1]} tokens")
        return interleaved(
            lambda: model.run(ids, lengths),
            lambda: reference(ids, output_attentions=True),
            seconds,
        )


def row(threads: int, seconds: float) -> Row:
    """The ratio of the median times, in a fresh process."""
    mine, theirs = from_child("bench.bert", threads, seconds)
    return Row(
        "bert", f"MiniLM, {TOKENS} tokens, {threads} thread{'s' * (threads > 1)}", spread(mine),
        spread(theirs), statistics.median(mine) / statistics.median(theirs), TARGET, 0,
        f"{len(mine)} repeats, median (quartiles)",
    )  # fmt: skip


def measure(options: Options) -> list[Row]:
    """With one thread as the app, and with two as the other parts."""
    check_installed()
    seconds = 1.0 if options.quick else 15.0
    return [row(threads, seconds) for threads in (APP_THREADS, THREADS)]


if __name__ == "__main__":
    print(json.dumps(times(int(sys.argv[1]), float(sys.argv[2]))))
