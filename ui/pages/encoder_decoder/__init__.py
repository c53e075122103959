"""Encoder-decoder: a source and a target, and every attention within and between them."""
