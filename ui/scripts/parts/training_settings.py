"""The settings of a training."""

import math

from ui.scripts.parts.options import LENGTHS, SCALE, TASK

# %% The settings
# They are the page's. Change one, run everything again, and see what is learnt then.

SEED = 0  # of the first weights, and of the examples
SYMBOLS = ["a", "b"]  # what can be read and answered; a symbol's place here is its id
if LENGTHS:
    LENGTH = 10  # how many symbols an example has
EMBED_SIZE = 32  # E, how many numbers a symbol's vector has
HEADS = 1  # H, which share them
HEAD_DIM = EMBED_SIZE // HEADS  # D, how many each has
LAYERS = 1
if SCALE == "head_dim":
    DIVISOR = math.sqrt(HEAD_DIM)  # of the energies
elif SCALE == "embed_size":
    DIVISOR = math.sqrt(EMBED_SIZE)  # of the energies
else:
    DIVISOR = 1.0  # of the energies: they stay as they are
BATCH_SIZE = 64  # examples a step
STEPS = 400  # of the whole training
STOP = 400  # after so many steps the page shows the model
LEARNING_RATE = 3e-3  # which falls to 0 in the last fifth of the steps
WEIGHT_DECAY = 0.01
HELD_OUT = 128  # examples that it is tested on, and that it never sees in training
if TASK == "characters":
    TEXT = "A text."  # what is read
