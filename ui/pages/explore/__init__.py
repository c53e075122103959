"""Explore: type a sentence, see every number of its attention."""
