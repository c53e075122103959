"""Start: what attention is, seen on one sentence by whoever has never heard of it."""
