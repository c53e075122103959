"""Learn: train a small transformer, and watch its attention form."""
