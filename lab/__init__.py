"""Experiments in bulk: grids of settings, run on all cores or on a cluster, as tables."""
