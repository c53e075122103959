"""What lessons ask on Pretrained beside attention: who writes the next token, and what it needs."""

from dataclasses import replace
from html import unescape
from typing import Any

from lessons.prediction import CUTS, CutAlone, Predicted
from model.contributions import ContributionsUnavailableError
from model.interventions import Interventions
from model.next_token import probabilities_of, top_tokens
from ui.frame.teaching import Teaching
from ui.pages.pretrained.writers_token import asked_logit
from ui.runs.pretrained import PretrainedRun, compute_pretrained
from ui.text.i18n import _


def predicted(run: PretrainedRun) -> Predicted:
    """Return the likeliest next token, and what becomes of it once something is changed by hand.

    Raises:
        ValueError: if the model writes nothing, as an encoder does.
    """
    whole = run.unchanged() or run
    if whole.next_logits is None or run.next_logits is None:
        raise ValueError(_("this model writes nothing: choose one with a decoder"))
    (first,) = top_tokens(whole.next_logits[0], 1)
    (now,) = top_tokens(run.next_logits[0], 1)
    (after,) = probabilities_of(run.next_logits[0], [first.token])
    shown = run.model.tokenizer.shown
    return Predicted(
        likeliest=shown(first.token),
        before=first.probability,
        after=after,
        likeliest_after=shown(now.token),
        share_after=now.probability,
        cuts=_each_cut(run, first.token),
        **_written(run),
    )


def _each_cut(run: PretrainedRun, token: int) -> tuple[CutAlone, ...]:
    """Return what becomes of a token with each cut edge by itself, where a question can ask it."""
    cuts = run.settings.changed.cuts
    if len(cuts) != len(CUTS) or run.computed.waiting:
        return ()
    alone = []
    for cut in cuts:
        only = replace(run.settings.unchanged(), changed=Interventions(cuts=(cut,)))
        logits = compute_pretrained(only).next_logits
        assert logits is not None  # of a model that writes with all of them cut
        words = [unescape(word) for word in run.sentences.labels(cut.sentence).short]
        (after,) = probabilities_of(logits[cut.sentence], [token])
        alone.append(CutAlone(words[cut.query], words[cut.key], after))
    return tuple(alone)


def _written(run: PretrainedRun) -> dict[str, Any]:
    """Return what parts add to the logit that Writers shows; nothing where they can't be told."""
    asked = asked_logit(run)
    try:
        found = run.model.contributions(run.computed.output, asked)
    except ContributionsUnavailableError:
        return {}
    shown = run.model.tokenizer.shown
    tokens = (asked.token, asked.against)
    return {
        "written": {
            "heads": float(found.heads.sum()),
            "feed_forwards": float(found.feed_forwards.sum()),
            "embedding": found.embedding,
        },
        "written_of": tuple(shown(token) for token in tokens if token is not None),
    }


TEACHING = Teaching(
    asks_of=("text", "removed", "mean", "cut", "edge", "put", "token", "against"),
    numbers=predicted,
)
