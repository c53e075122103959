"""The mathematics of attention, in PyTorch alone: no interface, no plots.

Dimension letters used throughout the package:

    B  sentences in the batch      Q  query length (rows)     D  size of one head
    H  attention heads             K  key length (columns)    E  embedding size
"""
