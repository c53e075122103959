"""What a model answers, as bars: the next token, a masked word, or a class; before and after."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from torch import Tensor

from model.next_token import kl_divergence, probabilities_of, top_tokens
from ui.controls.presenting import draw_to_room, is_presented
from ui.lesson.picture import BARS_OF_STEP
from ui.runs.pretrained import PretrainedRun
from ui.text.i18n import _
from ui.text.markdown import token_text, verbatim
from ui.text.numbers import percent
from ui.views.heads import PLOTLY_CONFIG
from viz.labels import AxisLabels, escape
from viz.next_token import NextTokens, draw_next_tokens
from viz.theme import Theme
from viz.tiles_grid import TALL_HEIGHT

COUNT = 10  # answers that are shown ...
COUNT_OF_PAIRS = 7  # ... and where each has two bars,
COUNT_FOR_CLASS = 4  # and where a class has to read them
BARS, AROUND = 330, 80  # pixels of their bars, and what else belongs to the figure


@dataclass(frozen=True)
class Answer:
    """What a model says about a sentence."""

    logits: Tensor  # (V,) of its vocabulary, or (C,) of its classes
    name: Callable[[int], str]  # what each of them is called
    title: str  # what its probability is one of


def answer_of(run: PretrainedRun, sentence: int) -> Answer | None:
    """Return what a model answers; None if it answers nothing about this sentence.

    Of several masks, it is what stands behind the first.
    """
    output, shown = run.computed.output, run.model.tokenizer.shown
    if output.next_logits is not None:
        return Answer(output.next_logits[0], shown, _("probability of the next token"))
    if output.class_logits is not None:
        names = run.model.class_names
        return Answer(output.class_logits[sentence], names.__getitem__, _("probability of a class"))
    if run.model.mask_token is not None and len(output.mask_logits[sentence]):
        return Answer(output.mask_logits[sentence][0], shown, _("probability of the masked word"))
    return None


def show_bars(
    run: PretrainedRun,
    whole: PretrainedRun | None,
    sentence: int,
    theme: Theme,
    pairs: int = COUNT_OF_PAIRS,
) -> None:
    """Draw the likeliest answers, and what they were before something was changed.

    Args:
        run: with what is changed; one that answers.
        whole: before that; None where nothing is.
        sentence: which.
        theme: of the figure.
        pairs: how many answers have a bar before and one after.
    """
    answer = answer_of(run, sentence)
    assert answer is not None
    bars = BARS if whole is None else BARS * pairs // COUNT_OF_PAIRS
    most = COUNT_FOR_CLASS if is_presented() else COUNT
    likeliest = top_tokens(answer.logits, most if whole is None else min(most, pairs))
    names = [answer.name(each.token) for each in likeliest]
    earlier = None if whole is None else answer_of(whole, sentence)
    before = None
    if earlier is not None:
        before = np.array(probabilities_of(earlier.logits, [each.token for each in likeliest]))
    shown = tuple(escape(token_text(name, 20)) for name in names)
    probabilities = np.array([each.probability for each in likeliest])

    theme = replace(theme, magnified=1)  # it is enlarged as a whole, where a class looks

    def draw(height: int) -> go.Figure:
        return draw_next_tokens(
            NextTokens(
                labels=AxisLabels(shown, shown),
                probabilities=probabilities,
                before=before,
                probability_title=answer.title,
                after_name=_("after removal") if only_removed(run) else _("after"),
                before_name=_("before"),
                height=height - AROUND,
            ),
            theme,
        )

    st.plotly_chart(
        draw_to_room(draw, bars + AROUND, TALL_HEIGHT - 160 + AROUND, bars=BARS_OF_STEP),
        key="next_chart",
        theme=None,
        config=PLOTLY_CONFIG,
        alt=_alt(run, names, probabilities),
    )


def _alt(run: PretrainedRun, names: list[str], probabilities: np.ndarray) -> str:
    """The bars in words."""
    said = _("The {count} likeliest answers: {tokens}.")
    if run.next_logits is not None:
        said = _("The {count} likeliest next tokens: {tokens}.")
    return said.format(
        count=len(names),
        tokens=", ".join(
            f"{name} {percent(p, 1)}" for name, p in zip(names, probabilities, strict=True)
        ),
    )


def only_removed(run: PretrainedRun) -> bool:
    """Whether nothing but heads' removal is changed by hand."""
    return not run.settings.changed


def describe_change(run: PretrainedRun, whole: PretrainedRun, sentence: int) -> str:
    """Return in a sentence what becomes of the likeliest answer."""
    now, earlier = answer_of(run, sentence), answer_of(whole, sentence)
    assert now is not None
    assert earlier is not None
    return describe_answers(run, earlier, now)


def describe_answers(run: PretrainedRun, before: Answer, after: Answer) -> str:
    """Return in a sentence what becomes of the likeliest of these answers."""
    best = top_tokens(before.logits, 1)[0]
    (now,) = probabilities_of(after.logits, [best.token])
    without = only_removed(run)
    if percent(now, 1) == percent(best.probability, 1):
        said = _("Without {heads}, {token} stays at **{now}**; ")
        said = said if without else _("{token} stays at **{now}**; ")
    elif now < best.probability:
        said = _("Without {heads}, {token} falls from **{before}** to **{now}**; ")
        said = said if without else _("{token} falls from **{before}** to **{now}**; ")
    else:
        said = _("Without {heads}, {token} rises from **{before}** to **{now}**; ")
        said = said if without else _("{token} rises from **{before}** to **{now}**; ")
    said += _("the whole prediction moves by {kl:.3g} nats (Kullback–Leibler).")
    return said.format(
        heads=", ".join(f"{layer}·{head}" for layer, head in sorted(run.settings.removed)),
        token=verbatim(before.name(best.token)),
        before=percent(best.probability, 1),
        now=percent(now, 1),
        kl=kl_divergence(before.logits, after.logits),
    )
