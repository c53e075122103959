"""What the figure of a training says."""

from ui.runs.trained_here import Watched
from ui.text.i18n import _
from ui.text.numbers import percent
from viz.labels import escape, shorten, visible
from viz.learning_info import Words

LONGEST_SAID = 24  # characters of an example in the caption


def figure_words() -> Words:
    """Return the words of the figure, in the page's language."""
    return Words(
        step=_("step"),
        accuracy=_("held-out accuracy"),
        loss=_("held-out loss (nats)"),
        entropy=_("entropy of each head (nats)"),
        entropy_value=_("entropy"),
        phase_change=_("phase change"),
        play=_("▶ Play"),
        pause=_("❚❚ Pause"),
    )


def caption_of(seen: Watched, i: int, words: Words) -> str:
    """Return what is said of snapshot `i`, above the slider: step, accuracy and answer."""
    snapshot = seen.snapshots[i]
    asked = [
        (symbol, right)
        for symbol, right in zip(seen.answers[i], seen.example.targets, strict=True)
        if right is not None
    ]
    joint = "" if all(len(symbol) == 1 for symbol, _right in asked) else " "
    answer = shorten(joint.join(visible(symbol) for symbol, _right in asked), LONGEST_SAID)
    return _("{step_word} {step} · {accuracy} right · here: {answer}").format(
        step_word=words.step,
        step=snapshot.step,
        accuracy=percent(snapshot.accuracy, 1),
        answer=escape(answer),
    )
