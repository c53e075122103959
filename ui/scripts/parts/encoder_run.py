"""A run of one stack."""

import torch

from ui.scripts.parts.blocks import encoder
from ui.scripts.parts.masks import build_mask
from ui.scripts.parts.options import MASKED
from ui.scripts.parts.seeded import embed
from ui.scripts.parts.settings import SENTENCES

# %% The run

if MASKED:
    final_output, layers = encoder(embed(SENTENCES), build_mask(SENTENCES))
else:
    final_output, layers = encoder(embed(SENTENCES), torch.tensor(True))
attentions = {"encoder_self": layers}
