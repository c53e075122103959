"""Pretrained: the same views on models that others have trained."""
