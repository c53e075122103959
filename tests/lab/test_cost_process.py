"""What the measuring process counts and what it leaves out."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lab.cost_process import allocated_peak, measure_rates, why_not
from model.config import BERT, PAPER, Config
from model.cost import Rates, peak_memory, predict_seconds

ROOT = Path(__file__).resolve().parents[2]
SMALL = Config(embed_size=32, heads=2)
RATES = Rates(multiply_adds=1e9, bytes=1e9, fresh_bytes=1e9, layer_seconds=1e-4)


def test_what_would_take_too_long_is_left_out_and_says_so() -> None:
    task = {"most_bytes": 10**9, "most_seconds": 0.01}
    assert why_not(SMALL, 16, RATES, task) is None
    expected = predict_seconds(SMALL, 512, RATES)
    assert str(why_not(SMALL, 512, RATES, task)) == f"would take {expected:.2g} s, more than 0.01 s"
    bert = Config(embed_size=32, heads=2, architecture=BERT, longest=100)
    assert str(why_not(bert, 101, RATES, task)) == "there are 100 learned positions"


def test_peak_of_two_tensors_is_not_that_of_three() -> None:
    def call() -> torch.Tensor:
        x = torch.ones(1000)  # 4000 bytes
        y = x + 1  # 8000
        del x
        return y + 1  # 8000 again, not 12000

    assert allocated_peak(call) == pytest.approx(8000, abs=64)  # the ones take some bytes too


@pytest.mark.matrix
@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="Linux tells this")
def test_the_process_grows_by_what_is_predicted() -> None:
    config, tokens = Config(embed_size=64, heads=4, layers=2, architecture=PAPER), 512
    script = f"""
import re, torch
from pathlib import Path
from model.config import PAPER, Config
from model.transformer import Encoder

def resident(field):
    return 1024 * int(re.search(field + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

torch.set_num_threads(1)
encoder = Encoder(Config(embed_size=64, heads=4, layers=2, architecture=PAPER)).eval()
with torch.inference_mode():
    encoder(torch.ones(1, 8, 64))
    Path("/proc/self/clear_refs").write_text("5")  # sets the high-water mark back
    before = resident("VmRSS")
    encoder(torch.ones(1, {tokens}, 64))
    print(resident("VmHWM") - before)
"""
    grown = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"},  # freed memory goes back at once
        capture_output=True,
        check=True,
    )
    predicted = peak_memory(config, tokens).value
    assert json.loads(grown.stdout) == pytest.approx(predicted, rel=0.2)


def test_rates_are_those_of_a_machine() -> None:
    rates = measure_rates()
    assert 1e8 < rates.multiply_adds < 1e13
    assert 1e8 < rates.bytes < 1e12
    assert rates.fresh_bytes > 1e7
    assert 1e-6 < rates.layer_seconds < 0.1
