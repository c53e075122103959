"""The settings of a model with random weights."""

import math

from ui.scripts.parts.options import DEEP, PAIR, SCALE, TEMPERED, VECTORS

# %% The settings
# They are the page's. Change one, run everything again, and see what becomes of the weights.

SEED = 0  # of all random numbers
if PAIR:
    SOURCES = [["The", "cat"]]  # what the encoder reads, as tokens
    TARGETS = [["Die", "Katze"]]  # what the decoder has written
else:
    SENTENCES = [["The", "cat"]]  # as tokens
EMBED_SIZE = 64  # E, how many numbers a token's vector has
HEADS = 8  # H, which share them
HEAD_DIM = EMBED_SIZE // HEADS  # D, how many each has
if DEEP or PAIR:
    LAYERS = 2
if TEMPERED:
    TEMPERATURE = 1.0  # below 1 it makes the weights more extreme, above 1 more alike
if SCALE == "head_dim" and TEMPERED:
    DIVISOR = math.sqrt(HEAD_DIM) * TEMPERATURE  # of the energies
elif SCALE == "head_dim":
    DIVISOR = math.sqrt(HEAD_DIM)  # of the energies
elif SCALE == "embed_size" and TEMPERED:
    DIVISOR = math.sqrt(EMBED_SIZE) * TEMPERATURE  # of the energies
elif SCALE == "embed_size":
    DIVISOR = math.sqrt(EMBED_SIZE)  # of the energies
elif TEMPERED:
    DIVISOR = TEMPERATURE  # of the energies
else:
    DIVISOR = 1.0  # of the energies: they stay as they are
if VECTORS == "minilm":
    # MiniLM's vectors of the tokens, along their principal axes: 32-bit floats, in base64.
    WORD_VECTORS = {"The": ""}
