"""What is in a file that was downloaded."""

import io
from typing import Any

import numpy as np


def load(data: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
