"""From settings to numbers: one module for each source of weights."""
