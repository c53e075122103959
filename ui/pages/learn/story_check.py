"""A story's claim, checked on the spot: both of its trainings, with five seeds."""

from dataclasses import dataclass, field

import streamlit as st

from ui.jobs.open_page import page_is_open
from ui.jobs.training_queue import Training
from ui.link.memory import value_of
from ui.pages.learn.memory import learn_memory
from ui.pages.learn.stories import STORIES
from ui.pages.learn.trainings import queue
from ui.text.i18n import _
from ui.text.numbers import percent

SEEDS = range(5)

Pair = tuple[Training, Training]  # of one seed, the kept and the shown one


@dataclass
class Check:
    """The trainings of a check so far: those of one seed run together, one seed after another."""

    story: str
    pairs: list[Pair] = field(default_factory=list)

    def go_on(self) -> None:
        """Start the next seed's trainings, if those of the last one are over."""
        if len(self.pairs) == len(SEEDS) or self.active():
            return
        if self.pairs and any(t.state != "finished" for t in self.pairs[-1]):
            return  # stopped, or failed
        kept, shown = STORIES[self.story].plans(SEEDS[len(self.pairs)])
        pair = Training(kept, page_is_open()), Training(shown, page_is_open())
        self.pairs.append(pair)
        for training in pair:
            queue().submit(training)

    def active(self) -> list[Training]:
        """Return what of it runs, or waits for it."""
        return [training for pair in self.pairs for training in pair if training.is_active]

    def results(self) -> list[tuple[float, float, bool]]:
        """Of each finished seed the two accuracies, and whether the claim holds."""
        ends = [
            [training.snapshots[-1].accuracy for training in pair]
            for pair in self.pairs
            if all(training.state == "finished" for training in pair)
        ]
        return [(kept, shown, STORIES[self.story].holds(kept, shown)) for kept, shown in ends]


def current_check() -> Check | None:
    """Return the check of the story that is told."""
    check: Check | None = learn_memory().check
    return check if check is not None and check.story == value_of("story") else None


def draw_check_button() -> None:
    """Draw the button that starts the check."""

    def start() -> None:
        stop_check()
        check = learn_memory().check = Check(value_of("story"))
        check.go_on()

    check = current_check()
    if check is not None and check.active():
        st.button(_("Stop the check"), key="check", icon=":material/stop:", on_click=stop_check)
        return
    st.button(
        _("Check: five seeds"),
        key="check",
        icon=":material/fact_check:",
        on_click=start,
        help=_("Trains both models with the seeds 0 to 4, and counts how often the claim holds."),
    )


def stop_check() -> None:
    """Stop what runs of a check; called where another story is told."""
    check: Check | None = learn_memory().check
    learn_memory().check = None
    for training in check.active() if check else ():
        training.stop()


def show_check() -> None:
    """Show how often the claim has held, once all seeds are done; until then how many are."""
    check = current_check()
    if check is None:
        return
    check.go_on()
    results = check.results()
    each = "; ".join(
        _("seed {seed}: {kept} against {shown}").format(
            seed=seed, kept=percent(kept, 1), shown=percent(shown, 1)
        )
        for seed, (kept, shown, _holds) in zip(SEEDS, results, strict=False)
    )
    done = len(results)
    if done == len(SEEDS):
        held = sum(holds for _kept, _shown, holds in results)
        said = _("Held in **{held} of {count}** seeds").format(held=held, count=done)
    elif check.active():
        said = _("Training seed {seed} …: {done} of {count} seeds are done").format(
            seed=len(check.pairs) - 1, done=done, count=len(SEEDS)
        )
    else:
        said = _(
            "Stopped: {done} of {count} seeds are done, so nothing is said of the claim"
        ).format(done=done, count=len(SEEDS))
    st.markdown(f"{said}. {each}")
