"""What a lesson is: steps that put the app in a state, and may ask what its numbers will be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Kind = Literal["word", "cell", "number", "choice", "paint"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Question:
    """What is asked before a picture is shown. The answer is a name; see `lessons.answers`."""

    kind: Kind
    ask: str  # with places for {query}, {key}, {head} and {layer}
    answer: str
    query: str | None = None  # the word that looks; None: the last
    key: str | None = None  # the word that is looked at; None: the first
    choices: Mapping[str, str] = field(default_factory=dict)  # what each is called


@dataclass(frozen=True)
class Step:
    """One state of the app, what is said of it, and what is asked."""

    heading: str
    text: str
    page: str  # its path in the address
    state: Mapping[str, str]  # parameters of its link
    controls: tuple[str, ...] = ()  # those that may be touched, by their parameter's name
    question: Question | None = None
    mark: Mapping[str, str] = field(default_factory=dict)  # the words of a framed "query", "key"
    then: str = ""  # said when the answer is shown, while the sentence is still the lesson's own
    say: str = ""  # what a teacher says ...
    mistakes: str = ""  # ... and what is often answered wrongly, and why


@dataclass(frozen=True)
class Lesson:
    """A lesson, in one language."""

    name: str  # as links have it: its file's
    title: str
    about: str
    minutes: int
    steps: tuple[Step, ...]
