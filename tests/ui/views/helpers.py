"""What views show, worked out again or read from the page."""

import numpy as np
from streamlit.testing.v1 import AppTest


def rollout(weights: np.ndarray) -> np.ndarray:
    """Abnar & Zuidema (2020): the product of the layers' mean weights with half the identity."""
    length = weights.shape[-1]
    layers = (weights.astype(np.float64).mean(axis=1) + np.eye(length)) / 2
    layers /= layers.sum(axis=-1, keepdims=True)
    rolled = [layers[0]]
    for layer in layers[1:]:
        rolled.append(layer @ rolled[-1])
    return np.stack(rolled)


def steps(page: AppTest) -> dict[str, str]:
    """The last column of the inspector's table, by the first."""
    (text,) = [m.value for m in page.markdown if m.value.startswith("| step")]
    lines = [line for line in text.split("\n") if line.startswith("|")][2:]
    cells = [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in lines]
    return {cell[0].replace("*", "").split(":")[0]: cell[-1] for cell in cells}


def number(text: str) -> float:
    return float(text.replace("−", "-").replace("∞", "inf"))
