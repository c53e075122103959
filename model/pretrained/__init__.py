"""Trained models, from an installed package or by way of transformers, behind one interface."""
