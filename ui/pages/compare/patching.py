"""What of A goes into B: whether it can, and the map of it, which is computed once for all."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from model.errors import CodedValueError
from model.patching import PatchedPair, check_positions
from model.pretrained.base import PretrainedModel
from ui.choices.limits import MOST_PATCHED
from ui.choices.options import Patched
from ui.jobs.open_page import page_is_open
from ui.jobs.patching_job import PatchingJob, forget_patchings, leave_patching, patch, patching_of
from ui.link.memory import own_memory, value_of
from ui.pages.compare.side import LETTERS, Letter, side_of
from ui.pages.pretrained.page import PAGE as PRETRAINED
from ui.pages.pretrained.settings import pretrained_settings
from ui.runs.computed import UNTOUCHED, Computed, computed_of
from ui.runs.model_store import is_loaded, model_of, when_dropped
from ui.runs.pretrained import PretrainedSettings
from ui.server.turns import session_in_use, turn
from ui.text.errors import describe_error
from ui.text.i18n import _
from ui.text.markdown import plain


@dataclass
class PatchingMemory:
    """What a session keeps of patching."""

    repaints: bool = False  # whether the page is drawn again by itself, for the cells that come


@dataclass(frozen=True)
class PatchedSides:
    """Two sentences of one decoder."""

    model: PretrainedModel
    a: PretrainedSettings
    b: PretrainedSettings

    @property
    def has_changes(self) -> bool:
        """Whether something is changed by hand on a side, which isn't there when it is patched."""
        return any(side.interventions for side in (self.a, self.b))

    def computed(self, letter: Letter) -> Computed:
        """Return what the model made of a side's sentence, with nothing changed."""
        side = self.a if letter == "a" else self.b
        return computed_of(self.model, side.texts[:1], side.added, UNTOUCHED, "", False)

    def key(self, what: Patched) -> Hashable:
        """Return what tells its map from others."""
        sentences = [(side.texts[0], side.added) for side in (self.a, self.b)]
        return self.model, *sentences, what

    def pair(self) -> PatchedPair | None:
        """Return both runs; None if a sentence is empty."""
        a, b = self.computed("a"), self.computed("b")
        if not (a.source.length and b.source.length):
            return None
        return PatchedPair(self.model, b.read.ids, a.output, b.output)


def patched_sides() -> PatchedSides | None:
    """Return the sides that are shown; None unless both are sentences of one decoder."""
    a, b = (_settings_of(letter) for letter in LETTERS)
    if a is None or b is None or a.model != b.model or not is_loaded(a.model):
        return None
    model = model_of(a.model)
    return PatchedSides(model, a, b) if model.kind == "decoder" else None


def _settings_of(letter: Letter) -> PretrainedSettings | None:
    side, _messages = side_of(letter)
    if side.page is not PRETRAINED or side.value("from_file"):
        return None
    with side.in_force():
        return pretrained_settings()


def problem_of(pair: PatchedPair, what: Patched) -> str:
    """Return why nothing can be patched, in Markdown; empty if it can."""
    if what == "positions":
        try:
            check_positions(pair)
        except CodedValueError as error:
            return f"{plain(describe_error(error, _), 400)}."
    if pair.length > MOST_PATCHED[what]:
        return _(
            "B has {count} tokens: more than {most} would take many minutes, as there is a run for "
            "each cell."
        ).format(count=pair.length, most=MOST_PATCHED[what])
    if not pair.answers.are_apart:
        return _(
            "A and B have the same answer: there is nothing that could come back. "
            "Give them sentences that end in different words."
        )
    return ""


def job_shown() -> PatchingJob | None:
    """Return the map of what is shown; None where it isn't computed, or can't be."""
    sides = patched_sides() if value_of("view") == "patching" else None
    return None if sides is None else patching_of(sides.key(value_of("patch")))


def is_patching() -> bool:
    """Whether more of the map that is shown comes."""
    job = job_shown()
    return job is not None and job.is_running


@turn(is_seen=False)
def start_patching() -> None:
    """Compute the map of what is shown, unless that has been done; called by a widget."""
    sides, what = patched_sides(), value_of("patch")
    pair = None if sides is None else sides.pair()
    if sides is None or pair is None:
        return
    if problem_of(pair, what):
        return  # what can't be patched has no button
    key = sides.key(what)
    patch(key, lambda: PatchingJob(pair, what), session_in_use(), page_is_open())


def cancel_patching() -> None:
    """Let the map end that this session waits for; called by a widget."""
    leave_patching(session_in_use())


def keep_patching_shown() -> bool:
    """End what this session no longer looks at; whether what it looks at isn't complete yet."""
    job, session = job_shown(), session_in_use()
    leave_patching(session, but=job)
    own_memory(PatchingMemory).repaints = is_running = job is not None and job.is_running
    return is_running


def recovered_map(job: PatchingJob) -> np.ndarray:
    """Return how much of A's answer comes back, (layers, places); NaN for what isn't there yet."""
    values = np.full(job.shape, np.nan, np.float32)
    for layer, place, difference in job.cells:
        part = job.answers.recovered(difference)
        values[layer, place] = np.nan if part is None else part
    return values


def _forget(model: PretrainedModel) -> None:
    forget_patchings(lambda key: isinstance(key, tuple) and key[0] is model)


when_dropped.append(_forget)
