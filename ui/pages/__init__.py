"""One file a page: read state, compute, present."""
