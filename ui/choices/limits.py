"""The largest and smallest of what can be chosen, each for a reason."""

MAX_TOKENS = 512  # 8 heads of 512 × 512 take a quarter of a second; beyond, a class would wait
# Tokens of sentences of which heads, or positions, are patched: beyond, there are so many runs, one
# a cell, that they take minutes.
MOST_PATCHED = {"heads": 256, "positions": 64}
MAX_CHARACTERS = 20_000  # of a sentence: 512 long words, and no more to tokenise than that
SMALLEST_EMBEDDING, LARGEST_EMBEDDING = 8, 512
MAX_HEADS = 16  # more don't fit a projector with their labels
MAX_LAYERS = 12  # a thumbnail of 12 × 12 is 80 × 36 pixels: smaller shows no pattern
MAX_PRETRAINED_HEADS = MAX_PRETRAINED_LAYERS = 128  # of somebody else's model: what an input takes
MOST_ADDED = 64  # tokens that a model writes: a link holds no more, and a class waits no longer
MOST_INTERVENTIONS = 64  # of a kind, such as removed heads: a link holds no more
LARGEST_TOKEN = 2**20  # an id: the largest vocabularies have a quarter of that
# Sentences × layers × heads × tokens²: energy, scores and weights of so many cells are 100 MB and
# a quarter of a second, and several people may ask at once.
MAX_CELLS = 8 * 2**20
# Of all layers: 32 MB, which take 0.3 s to make for the first person who asks for them.
MAX_WEIGHTS = 8 * 2**20
# Of the order experiment, which runs up to fifteen encoders: more words would make a class wait.
MOST_SHUFFLED = 64
MOST_ENCODERS = 15
# Tokens × weights, of the experiments, which run a model several times: a quarter of a second.
MAX_PRODUCTS = 2_000_000_000
PRODUCTS_OF_A_CELL = 100  # take about as long as it takes to compute and draw a cell
MAX_SPAN = 64  # of a window, a prefix or a step: beyond, it is a sentence without a mask
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.1, 5.0
LARGEST_SEED = 2**31 - 1
LOWEST_END, HIGHEST_END = 0.001, 1.0  # weights at the end of the colours: no weight is above 1
