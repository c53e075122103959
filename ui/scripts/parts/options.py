"""What the parts ask for. The values are examples: each piece of code is put together with its own.

Their types are plain ones on purpose: then no branch is unreachable to a type checker.
"""

PAIR: bool = False  # whether there are an encoder and a decoder
ORIGIN: str = "seed"  # or "trained"
PROJECTION: str = "full"  # "shared", "identity"
SCALE: str = "head_dim"  # "embed_size", "none"
TEMPERED: bool = False
POSITIONS: str = "none"  # "sinusoidal", "learned", "rotary", "alibi"
MASK: str = "none"  # see model.masks.Mask
MASKED: bool = False  # whether there is a mask at all
LOOK_AHEAD: bool = False
EMPTY_ROWS: bool = False  # whether a query may attend to nothing at all
CUSTOM: str = "open"  # how a painted mask goes on: or "causal"
SEVERAL: bool = False  # whether there are several sentences
VECTORS: str = "hashed"  # "minilm"
SURROGATES: bool = False  # whether a token has half a surrogate pair in it
DEEP: bool = False  # whether there are several layers
NORM_ORDER: str = "post"  # "pre"
ACTIVATION: str = "relu"  # "gelu"
ATTENTION_ONLY: bool = False
TASK: str = "reverse"  # see model.tasks.TASKS
LENGTHS: bool = True  # whether all examples have one length, which is a setting
CAUSAL: bool = False  # whether a trained model sees nothing ahead
MODEL: str = "minilm"  # "smollm2", or another
KIND_OF_MODEL: str = "encoder"  # see model.pretrained.base.ModelKind
FOREIGN: bool = False  # whether a server's owner has added the model
FROM_FOLDER: bool = False  # whether it is known by a folder alone
TOGETHER: bool = False  # whether two sentences are read in one pass, with types of tokens
REMOVES: bool = False
DISPLAYED: bool = False  # whether the page doesn't show all tokens one by one
RENORMALISED: bool = False
MERGED: bool = False  # whether parts of words are merged
CHECK: str = "constants"  # "trace"
SAMPLED: bool = False  # whether not all numbers are compared
