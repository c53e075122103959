"""Which code reproduces which run."""

from functools import singledispatch

from ui.runs.pretrained import PretrainedRun
from ui.runs.random_weights import RandomRun
from ui.runs.run import Run
from ui.runs.trained_here import TrainedHereRun
from ui.scripts.explore import random_script
from ui.scripts.learn import training_script
from ui.scripts.pretrained import pretrained_script
from ui.scripts.script import Script, Where
from ui.text.i18n import _


class NoScriptError(ValueError):
    """There is no code for a run; says why, to people."""


@singledispatch
def script_of(run: Run, where: Where) -> Script:
    """Return the code that reproduces a run.

    Raises:
        NoScriptError: if there is none; says why.
    """
    raise NoScriptError(_("These numbers come from a file: no code leads to them."))


@script_of.register
def _random(run: RandomRun, where: Where) -> Script:
    return random_script(run, where)


@script_of.register
def _trained_here(run: TrainedHereRun, where: Where) -> Script:
    if run.settings.from_file:
        raise NoScriptError(_("These weights come from a file: no code leads to them."))
    return training_script(run, where)


@script_of.register
def _pretrained(run: PretrainedRun, where: Where) -> Script:
    if run.settings.changed:
        raise NoScriptError(
            _("The code knows removed heads alone: undo what else is changed by hand.")
        )
    return pretrained_script(run, where)
