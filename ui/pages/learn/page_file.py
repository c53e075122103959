"""What a saved page has of a training, beside the attention that it came to."""

from functools import partial

from ui.frame.follow import shown_of
from ui.pages.learn.source import TRAINED_ON_LEARN
from ui.runs.trained_here import TrainedHereRun
from ui.text.i18n import _
from viz.learning import draw_learning
from viz.learning_info import Learning
from viz.page import Picture


def keep_picture(run: TrainedHereRun, learning: Learning) -> None:
    """Let the page's download have the figure of a training that is shown now."""
    picture = Picture(_("Training"), partial(draw_learning, learning))
    shown_of(TRAINED_ON_LEARN).pictures = (run.settings, [picture])
