"""A run of an encoder and a decoder."""

from ui.scripts.parts.blocks import decoder, encoder
from ui.scripts.parts.pair_masks import source_mask, target_mask
from ui.scripts.parts.seeded import embed
from ui.scripts.parts.settings import SOURCES, TARGETS

# %% The run

own_mask, cross_mask = target_mask(TARGETS), source_mask(SOURCES)
source, encoder_layers = encoder(embed(SOURCES), cross_mask)
final_output, decoder_layers, cross_layers = decoder(
    embed(TARGETS, "decoder."), source, own_mask, cross_mask
)
attentions = {
    "encoder_self": encoder_layers,
    "decoder_self": decoder_layers,
    "cross": cross_layers,
}
