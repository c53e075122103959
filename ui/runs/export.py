"""A run as a file that is enough to compute every number again."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from model.trace_file import layer_arrays
from ui.runs.run import Run


@dataclass(frozen=True)
class Contents:
    """What a file holds beside a run's trace."""

    settings: Mapping[str, Any]  # as JSON takes them, or as frozen sets
    model: Mapping[str, Any]  # what the model is
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)  # what went in, and weights


def npz_bytes(run: Run, contents: Contents) -> bytes:
    """Return the whole trace as .npz: enough to compute every number again.

    Arrays named as the trace's fields, all sentences, with a leading layer axis where there are
    several; `stream`, what each sub-layer left of the token vectors, and `final_output`; `tokens`
    (B, L) as strings; the `mask` (True = may attend); `config` as JSON; and the contents' arrays.
    Of an encoder and a decoder the arrays' names begin with the kind of attention, or with
    `source_` and `target_`.
    """
    several = run.target is not None
    arrays = {"final_output": run.trace.output.numpy()} if len(run.trace.output) else {}
    for kind in run.kinds:
        prefix = f"{kind}_" if several else ""
        arrays |= layer_arrays(getattr(run.trace, kind), prefix)
        if run.is_from_file and run.masks[kind] is None:
            continue  # nobody knows
        sentences = range(len(run.source.lengths))
        masks = [run.attention(0, s, kind).whole.allowed for s in sentences]
        arrays[f"{prefix}mask"] = np.stack(masks)[:, None]
    lengths = {}
    for side, prefix, stream in (
        (run.source, "source_" if several else "", run.trace.encoder_stream),
        (run.target, "target_", run.trace.decoder_stream),
    ):
        if side is not None:
            shape = (len(side.lengths), side.length)
            arrays[f"{prefix}tokens"] = np.array(side.tokens, dtype=np.str_).reshape(shape)
            if stream:  # which files don't hold
                arrays[f"{prefix}stream"] = np.stack([step.numpy() for step in stream])
            lengths[f"{prefix}lengths"] = side.lengths
    config = {**contents.settings, **lengths, **_divisors(run), "model": contents.model}
    arrays["config"] = np.array(json.dumps(config, ensure_ascii=False, default=sorted))
    arrays |= contents.arrays
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _divisors(run: Run) -> dict[str, Any]:
    """What energies are divided by: one number where it is one, else a number a layer and kind."""
    if not (run.knows("queries") and run.knows("keys")):
        return {}
    every = {
        kind: [run.facts(kind, layer).divisor for layer in range(run.layers_of(kind))]
        for kind in run.kinds
    }
    first, *others = {divisor for layers in every.values() for divisor in layers}
    return {"divisors": every} if others else {"divisor": first}
