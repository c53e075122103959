"""What the parts share: the two apps, the options of a run, and sentences to type."""

import random
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
SMALLEST_SCRIPT = Path(__file__).resolve().parent / "smallest_app.py"
CHANGE_PERIOD = 2.0  # seconds between two changes of one person's sentence
HEADS = 8
EMBED_SIZE = 64

WORDS = (  # noqa: SIM905 - a sentence is easier to read than a list
    "light river stone green paper small water house night music table quick bread cloud dream "
    "early field glass heart island juice kitchen lemon morning number orange picture queen road "
    "silver train under voice winter yellow zebra apple bridge coffee doctor engine forest garden "
    "hammer"
).split()


@dataclass(frozen=True)
class App:
    """One of the two apps compared.

    `binds_text` says that the app keeps the sentence in the URL, as a browser would then send it;
    `text_key` is what its field and that parameter are called.
    `page` is the path below the app's address; empty for its first page.
    """

    name: str
    script: Path
    parameters: tuple[tuple[str, str], ...] = ()
    binds_text: bool = False
    page: str = ""
    text_key: str = "text"

    def query(self, text: str | None = None) -> str:
        """The URL's query string, without its question mark, as this app's page has it."""
        bound = [(self.text_key, text)] if self.binds_text and text is not None else []
        return urlencode(bound + list(self.parameters))


@dataclass(frozen=True)
class Options:
    """What the command line asked for. `minutes` is the length of a long measurement, if said."""

    app: Path = ROOT / "app.py"
    quick: bool = False
    minutes: float | None = None

    @property
    def apps(self) -> tuple[App, App]:
        """The smallest app and Headlight with eight heads, in the order in which they are run."""
        parameters = (("heads", str(HEADS)), ("embed_size", str(EMBED_SIZE)))
        return (
            App("smallest app", SMALLEST_SCRIPT),
            App("Headlight", self.app, parameters, binds_text=True),
        )

    @property
    def start_page(self) -> App:
        """Headlight's first page."""
        return App("start page", self.app, binds_text=True, text_key="say")


def sentence(rng: random.Random, words: int) -> str:
    """A sentence of `words` common words in random order; practically never the same twice."""
    return " ".join(rng.choice(WORDS) for _ in range(words))


def with_last_word(text: str, rng: random.Random) -> str:
    """The sentence with another last word."""
    *head, last = text.split(" ")
    return " ".join([*head, rng.choice([word for word in WORDS if word != last])])
