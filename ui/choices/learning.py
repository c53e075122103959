"""What Learn offers, where sizes are small enough to learn within seconds."""

LEARN_EMBEDDINGS = [8, 16, 24, 32, 48, 64, 96, 128]
LEARN_RATES = [1e-4, 3e-4, 1e-3, 1.5e-3, 2e-3, 3e-3, 5e-3, 1e-2, 3e-2, 0.1, 1.0, 10.0, 1000.0]
LEARN_STEPS = [50, 100, 200, 300, 400, 500, 600, 800, 1000, 1200, 1500, 2000, 3000]
MOST_HEADS_SHOWN = 8  # of all layers, and as many of a run to compare with: more are too small
SLOW_SECONDS = 20.0  # of a whole training at the slow pace: long enough to talk about it
MAX_CORPUS = 20_000  # characters: some pages, which are read in milliseconds
