"""Every answer of every step of every lesson, worked out here from the downloaded trace."""

import io
import re
from typing import Any

import numpy as np
import pytest
from babel.numbers import format_percent
from streamlit.testing.v1 import AppTest

from lessons.answers import ANSWERS
from lessons.lesson import Lesson, Question, Step
from lessons.shelf import lessons
from tests.matrix import matrix
from tests.ui.conftest import Download
from tests.ui.helpers import link, open_app
from tests.ui.lesson.helpers import picker, said, sent

OTHERS = (
    "it was late and the cat saw it",
    "The trophy didn't fit in the suitcase because it was too big, so sat cat animal cross.",
    "a b",
)
QUESTIONS = [
    (lesson, number, step)
    for lesson in lessons().values()
    for number, step in enumerate(lesson.steps, 1)
    if step.question is not None
]
OF_TRACES = [  # the others: see test_learned, test_costs and test_removed
    (lesson, number, step)
    for lesson, number, step in QUESTIONS
    if step.question is not None
    and ANSWERS[step.question.answer].about == "attention"
    and step.page != "learn"
]
CASES = [
    pytest.param(*at, text, id=f"{at[0].name}-{at[1]}-{'own' if text is None else text[:9]}")
    for at in OF_TRACES
    for text in (None, *OTHERS)
]


def opened(lesson: Lesson, number: int, step: Step, text: str | None, **more: object) -> AppTest:
    """A step as its link opens it; with a trained model's own tokens, each of them."""
    chosen: dict[str, object] = {"lesson": lesson.name, "step": number, **more}
    if step.page == "pretrained":
        chosen |= {"words": "false", "special": "true", "first": "true", "rest": "false"}
    if text is not None:
        chosen["text"] = text
    return open_app(link(**chosen), path=step.page)


class Trace:
    """What the downloaded file holds of the attention that is shown."""

    def __init__(self, data: bytes, step: Step) -> None:
        arrays = np.load(io.BytesIO(data))
        self.tokens = [str(token) for token in arrays["tokens"][0]]
        layer = int(step.state.get("layer", 0))
        several = arrays["weights"].ndim == 5
        self.weights, self.scores, self.energy = (
            (arrays[name][layer] if several else arrays[name])[0].astype(float)
            for name in ("weights", "scores", "energy")
        )
        head = step.state.get("head")
        self.shown = self.weights.mean(axis=0) if head is None else self.weights[int(head)]
        self.head = int(head or 0)
        self.every = arrays["weights"][:, 0].astype(float) if several else self.weights[None]
        self.allowed = np.isfinite(self.scores[0])

    def place(self, word: str | None, otherwise: int) -> int:
        found = [n for n, token in enumerate(self.tokens) if token.lower() == (word or "").lower()]
        return found[0] if found else otherwise

    def query(self, question: Question) -> int:
        if question.answer == "largest_key_of_last":
            turned = [token.strip("␣").lower() for token in self.tokens][::-1]
            if question.query in turned:
                return len(turned) - 1 - turned.index(question.query)
        words = [n for n, token in enumerate(self.tokens) if any(c.isalnum() for c in token)]
        return self.place(question.query, words[-1])

    def key(self, question: Question) -> int:
        return self.place(question.key, 0)


def expected(question: Question, trace: Trace) -> Any:
    """The answer, by another way than the app's."""
    row = trace.shown[trace.query(question)]
    match question.answer:
        case "largest_key" | "largest_key_of_last":
            return int(np.argsort(row)[-1])
        case "largest_cell":
            best = max(np.ndindex(*trace.shown.shape), key=lambda cell: trace.shown[cell])
            return tuple(map(int, best))
        case "previous_token_head":
            means = {}
            for (layer, head), _one in np.ndenumerate(trace.every[:, :, 0, 0]):
                weights = trace.every[layer, head]
                steps = [weights[place, place - 1] for place in range(1, len(weights))]
                means[layer, head] = sum(steps) / len(steps)
            return max(means, key=means.__getitem__)
        case "share_of_word":
            return row[trace.key(question)]
        case "row_sum":
            return sum(row)
        case "visible_words":
            return trace.query(question) + 1  # all its lessons have a causal mask
        case "moved_vectors":
            return len(trace.tokens) - trace.key(question)
        case "leaking_word":
            seen = [sum(trace.allowed[:key, key]) for key in range(len(trace.tokens))]
            return int(np.argmax(seen)) if max(seen) else None
        case "favourite_words":
            return len({int(np.argmax(rows[trace.query(question)])) for rows in trace.weights})
        case "without_scale":
            whole = np.exp(trace.energy[trace.head][trace.query(question)])
            difference = whole.max() / whole.sum() - row.max()
            return "same" if abs(difference) < 0.005 else "larger" if difference > 0 else "smaller"
        case "visible_cells":
            return len(trace.tokens) * (len(trace.tokens) + 1) // 2
        case "previous_or_not":
            hits = [row[:place].argmax() == place - 1 and row.argmax() < place
                    for place, row in enumerate(trace.shown) if place]  # fmt: skip
            return "yes" if np.mean(hits) > 0.5 else "no"
    raise AssertionError(question.answer)


def shows(at: AppTest, question: Question, right: Any) -> bool:
    """Whether the page says and marks what is right."""
    match question.kind:
        case "word" if right is None:
            return "In this sentence there is no such word." in said(at)
        case "word":
            (row,) = picker(at)
            return right in row["right"]
        case "cell":
            return [row["right"][0] for row in picker(at)] == list(right)
        case "number" if question.answer in ("share_of_word", "row_sum"):
            return f"It is {format_percent(right, '0.0%', locale='en')}." in said(at)
        case "number":
            return f"It is {right}." in said(at)
        case "choice":
            return f"It is: {question.choices[right]}." in said(at)
        case "paint":
            return f"{right} cells are open." in said(at)


@matrix(24, ("lesson", "number", "step", "text"), CASES)
def test_what_is_revealed_is_what_the_trace_says(
    lesson: Lesson, number: int, step: Step, text: str | None, download: Download
) -> None:
    assert step.question is not None
    at = opened(lesson, number, step, text, revealed="true")
    assert not at.error
    opened(lesson, number, step, text, revealed="true", free="true")
    trace = Trace(download("download_npz")[1], step)
    assert shows(at, step.question, expected(step.question, trace))


# Learn reads letters, and the Lab nothing: see test_learned and test_costs.
OF_SENTENCES = [at for at in QUESTIONS if at[2].page not in ("learn", "lab")]
WORDS = (("mat", "sun"), ("elk", "owl"), ("sad", "hot"), ("owl", "mat"), ("dog", "red"))


def sentence(words: tuple[str, ...]) -> str:
    return "cat it {} {}".format(*words)


@matrix(6, ("lesson", "number", "step"), OF_SENTENCES)
def test_before_it_is_revealed_nothing_but_the_words_is_sent(
    lesson: Lesson, number: int, step: Step
) -> None:
    # Sentences with different answers, where there can be any.
    truths = {}
    for words in WORDS:
        at = opened(lesson, number, step, sentence(words), revealed="true")
        rights = [row["right"] for row in picker(at)]
        numbers = [text.value.replace("“", "") for text in at.markdown][-2:]
        truths[words] = str(rights) + re.sub("|".join(sum(WORDS, ())), "_", str(numbers))
    first, *others = WORDS
    second = next((words for words in others if truths[words] != truths[first]), others[0])
    pages = [opened(lesson, number, step, sentence(words)) for words in (first, second)]
    for at in pages:
        assert all(row["right"] is None for row in picker(at))
        assert not at.get("plotly_chart")
        assert not at.get("download_button")
        assert not at.dataframe
    one, two = map(sent, pages)
    if "text" in step.controls:
        assert any("sun" in part for part in one)  # the words are among it
    swapped = [part.replace(second[0], first[0]).replace(second[1], first[1]) for part in two]
    assert swapped == one
