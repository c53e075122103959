"""What attention costs, from the command line.

python -m lab cost --embed-size 256,512 --heads 8 --tokens 1000
python -m lab cost --embed-size 256,512 --heads 8 --measure 64,128,256,512
"""

import argparse
from collections.abc import Iterator, Sequence
from itertools import product
from math import nan

import pandas as pd

from lab.cost import Measured, check_encoder, cost_table, measure
from model.config import BERT, LLAMA, PAPER, TUTORIAL, Config
from model.cost import peak_memory, predict_seconds

ARCHITECTURES = {"tutorial": TUTORIAL, "paper": PAPER, "bert": BERT, "llama": LLAMA}
IDENTIFYING = ("embed_size", "heads", "layers")  # columns that tell configurations apart


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `python -m lab cost`."""
    parser.add_argument("--embed-size", type=_numbers, default=(256,), metavar="E,...")
    parser.add_argument("--heads", type=_numbers, default=(8,), metavar="H,...")
    parser.add_argument("--kv-heads", type=int, help="heads of keys and values; default: all")
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--expansion", type=float, default=4, help="of the feed-forward")
    parser.add_argument("--architecture", choices=ARCHITECTURES, default="tutorial")
    parser.add_argument("--tokens", type=int, default=1000, help="for the table of parts")
    parser.add_argument(
        "--measure",
        type=_numbers,
        metavar="L,...",
        help="run these numbers of tokens, and compare time and memory with the prediction",
    )


def run_command(args: argparse.Namespace) -> pd.DataFrame:
    """Return the table of parts at a length, or of measurements; one block a configuration.

    Raises:
        ValueError: if a configuration is impossible, or `measure` refuses.
        MeasureError: as `measure` does.
    """
    configs = [
        Config(
            embed_size=size,
            heads=heads,
            kv_heads=args.kv_heads,
            layers=args.layers,
            forward_expansion=args.expansion,
            longest=max(512, args.tokens, *(args.measure or ())),
            architecture=ARCHITECTURES[args.architecture],
        )
        for size, heads in product(args.embed_size, args.heads)
    ]
    for config in configs:
        check_encoder(config)
    if args.measure:
        return measured_table(configs, measure(configs, args.measure))
    tables = [cost_table(config, args.tokens) for config in configs]
    for config, table in zip(configs, tables, strict=True):
        for at, name in enumerate(IDENTIFYING):
            table.insert(at, name, getattr(config, name))
    return pd.concat(tables, ignore_index=True)


def measured_table(configs: Sequence[Config], results: Iterator[Measured]) -> pd.DataFrame:
    """Return a row a measurement: seconds and bytes, measured and predicted; NaN where left out."""
    rows = []
    for result in results:
        config, tokens = configs[result.config_index], result.tokens
        rows.append(
            {
                **{name: getattr(config, name) for name in IDENTIFYING},
                "tokens": tokens,
                "seconds": nan if result.seconds is None else result.seconds,
                "predicted_seconds": predict_seconds(config, tokens, result.rates),
                "peak_bytes": nan if result.peak_bytes is None else result.peak_bytes,
                "predicted_bytes": peak_memory(config, tokens).value,
                "left_out": str(result.left_out or ""),
            }
        )
    return pd.DataFrame(rows)


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(number) for number in text.split(","))
    except ValueError:
        message = f"expected whole numbers with commas between them, got {text!r}"
        raise argparse.ArgumentTypeError(message) from None
