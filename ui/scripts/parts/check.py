"""Whether these are the numbers that the page showed."""

import ast
import base64
import struct
import sys
import zipfile

import torch
import torch.nn.functional as F
from torch import Tensor

from ui.scripts.parts.encoder_run import attentions, final_output
from ui.scripts.parts.options import CHECK, DISPLAYED, MERGED, ORIGIN, RENORMALISED, SAMPLED
from ui.scripts.parts.training_run import accuracy, test_loss

# %% The check

KIND = "encoder_self"
LAYER = 0  # whose weights the page shows
SENTENCE = 0  # of which, counted from 0
if ORIGIN == "trained":
    LOSS = 0.0  # on the examples that were never trained on
    ACCURACY = 0.0  # the part of their answers that are right
TOLERANCE = 1e-5  # another machine may round in another way
EVERY_WEIGHT = 1  # of so many weights one is compared
EVERY_OUTPUT = 1  # and of so many numbers of the output
# What the page showed, as 32-bit floats in base64.
WEIGHTS = ""
OUTPUT = ""
TRACE = "trace.npz"


def difference(ours: Tensor, shown: Tensor) -> float:
    """Return the largest difference; of numbers beyond 1, as a part of them."""
    differences = (ours - shown).abs() / shown.abs().clamp(min=1.0)
    return torch.where(ours == shown, 0.0, differences).max().item()  # -inf is equal to itself


if CHECK == "constants":

    def floats(text: str) -> Tensor:
        """Return the numbers of a constant."""
        return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float32)

    if DISPLAYED:
        # The page shows these tokens alone.
        QUERIES = [0]
        KEYS = [0]
        if MERGED:
            # And of these, it merges those that are of one word.
            QUERY_WORDS = [0]
            KEY_WORDS = [0]

        def as_displayed(weights: Tensor) -> Tensor:
            """Return weights as the page shows them, (H, Q, K) -> (H, rows, columns)."""
            weights = weights[:, QUERIES][:, :, KEYS]
            if RENORMALISED:
                sums = weights.sum(dim=-1, keepdim=True)
                weights = weights / sums.where(sums != 0, 1.0)
            if MERGED:  # to a word they are summed, from a word averaged
                rows = F.one_hot(torch.tensor(QUERY_WORDS)).float()  # (Q, rows)
                columns = F.one_hot(torch.tensor(KEY_WORDS)).float()  # (K, columns)
                weights = rows.T @ weights @ columns / rows.sum(dim=0)[:, None]
            return weights

    weights = attentions[KIND][LAYER]["weights"][SENTENCE]  # (H, Q, K)
    output = final_output[SENTENCE]  # (L, E)
    if DISPLAYED:
        weights = as_displayed(weights)
    if SAMPLED:
        largest = max(
            difference(weights.flatten()[::EVERY_WEIGHT], floats(WEIGHTS)),
            difference(output.flatten()[::EVERY_OUTPUT], floats(OUTPUT)),
        )
    else:
        largest = max(
            difference(weights.flatten(), floats(WEIGHTS)),
            difference(output.flatten(), floats(OUTPUT)),
        )
else:

    def read(file: zipfile.ZipFile, name: str) -> Tensor:
        """Return an array of a NumPy .npz: a zip of files, each with a header and its numbers."""
        raw = file.read(f"{name}.npy")
        start = 10 + struct.unpack("<H", raw[8:10])[0]
        shape = ast.literal_eval(raw[10:start].decode())["shape"]
        return torch.frombuffer(bytearray(raw[start:]), dtype=torch.float32).reshape(shape)

    with zipfile.ZipFile(TRACE) as file:
        differences = {"final_output": difference(final_output, read(file, "final_output"))}
        for kind, steps_of in attentions.items():
            prefix = f"{kind}_" if len(attentions) > 1 else ""
            for name in steps_of[0]:
                ours = torch.stack([steps[name] for steps in steps_of])
                differences[name] = max(
                    difference(ours, read(file, prefix + name).reshape(ours.shape)),
                    differences.get(name, 0.0),
                )
    for name, value in differences.items():
        print(f"{name:12} {value:.0e}")
    largest = max(differences.values())

if ORIGIN == "trained":
    print(f"loss {test_loss:.6f}, on the page {LOSS:.6f}")
    print(f"accuracy {accuracy:.4f}, on the page {ACCURACY:.4f}")
    largest = max(largest, abs(test_loss - LOSS), abs(accuracy - ACCURACY))
print(f"largest difference {largest:.0e}")
if ORIGIN == "trained":
    if not largest <= TOLERANCE:
        sys.exit(
            f"That is more than {TOLERANCE:g}. On another kind of processor a training ends "
            "elsewhere: then loss and accuracy are close, and the weights aren't the same."
        )
elif not largest <= TOLERANCE:
    sys.exit(f"That is more than {TOLERANCE:g}: these aren't the numbers that the page showed.")
