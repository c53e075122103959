"""Attention as a file: one .npz that Headlight, notebooks and anybody's numpy write and read.

`write_trace_file(file, layers, tokens=...)` writes the layers of any model; `read_trace_file(file)`
reads what it wrote, what the app's Download wrote, and files made by hand with numpy.savez. A file
holds, for L layers, B sentences, H heads, Q queries, K keys, D numbers of a head (see the package):

- `weights`, ([L,] [B,] H, Q, K): rows sum to 1.
- `queries`, `keys`, `values` (or `q`, `k`, `v`), ([L,] [B,] H, Q or K, D): of keys and values there
  may be fewer heads, which groups of queries share.
- `energy`, `scores`, as weights: before and after scaling, bias and mask (-inf).
- `head_outputs`, ([L,] [B,] H, Q, D), and `output`, ([L,] [B,] Q, E).
- `mask`, (Q, K) or whatever broadcasts: True = may attend. `bias`: added to the scores.
- `tokens`, (Q,) or (B, Q), and `key_tokens` where the keys' are others: strings.
- `names`, (L,): what the layers are called.
- `config`: JSON, with `divisor` or `divisors` of the energies, `lengths` and `key_lengths`.

Only `weights`, or `queries` and `keys`, must be there. Layers of different shapes stand in arrays
of their own, `layer_0_weights`, `layer_1_weights` and so on; of an encoder and a decoder, names
begin with the kind of attention (`encoder_self_`, `decoder_self_`, `cross_`), and the tokens are
`source_tokens` and `target_tokens`.
"""

from .layer import FIELDS, TracedLayer
from .read import TraceFile, read_trace_file
from .write import layer_arrays, write_trace_file

__all__ = [
    "FIELDS",
    "TraceFile",
    "TracedLayer",
    "layer_arrays",
    "read_trace_file",
    "write_trace_file",
]
