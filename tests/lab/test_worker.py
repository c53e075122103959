"""What a worker process sees to before it measures."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FAULTS = """
import resource
from lab.worker import keep_freed_memory
{call}
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(100):
    b"x" * 2**20  # 256 pages
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(call: str, environ: dict[str, str]) -> int:
    done = subprocess.run(
        [sys.executable, "-c", FAULTS.format(call=call)],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only its malloc is told")
def test_freed_memory_is_used_again_though_dask_says_otherwise() -> None:
    told = {"MALLOC_TRIM_THRESHOLD_": "65536"}  # as Dask's nanny starts its workers
    assert page_faults("", told) > 20_000
    assert page_faults("assert keep_freed_memory()", told) < 2_000
    assert page_faults("assert not keep_freed_memory()", {}) < 2_000
