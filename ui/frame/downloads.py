"""Downloads: the stage or the whole trace, made when they are asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import streamlit as st

from model.transformer import AttentionKind as Kind
from ui.choices.options import Stage
from ui.controls.popover import draw_popover
from ui.frame.code import Coded, draw_code_button, show_code
from ui.frame.page_download import draw_page_download
from ui.frame.source import Source
from ui.link.code import here_for_others
from ui.link.links import link_to_this
from ui.link.memory import value_of
from ui.runs.export import npz_bytes
from ui.runs.page_file import Seen, run_page
from ui.runs.run import Attention, Run
from ui.runs.tables import stage_csv, trace_csv
from ui.scripts.script import Where
from ui.server.turns import session_in_use, turn
from ui.text.i18n import _, in_this_language
from viz.page import Picture

POPOVER = "download_popover"


@dataclass
class Shown:
    """What a session's page shows at this moment, for whoever has no access to its state.

    Streamlit makes a download in a thread of its own, in which a session's state is empty.
    """

    source: Source[Any, Any]
    settings: Any = None  # until they are known
    kind: Kind = "encoder_self"
    layer: int = 0
    sentence: int = 0
    seen: Seen = field(default_factory=Seen)
    # Other pictures that belong to a run, and the settings that they are of.
    pictures: tuple[Any, Sequence[Picture]] = (None, ())

    def run(self) -> Run:
        """Return the run that is shown, computed anew."""
        run: Run = self.source.compute(self.settings)
        return run

    def attention(self) -> Attention:
        """Return the attention that is shown, computed anew."""
        return self.run().attention(self.layer, self.sentence, self.kind)

    def coded(self) -> list[Coded]:
        """Return what is shown, for its code."""
        where = Where(self.kind, self.layer, self.sentence, here_for_others(link_to_this()))
        stem = f"headlight_code_{self.source.file_stems()[1]}"
        return [Coded(self.source, self.run(), where, stem)]

    def npz(self) -> bytes:
        """Return the whole trace as a file."""
        run = self.run()
        return npz_bytes(run, self.source.contents(run))

    def page(self) -> str:
        """Return all pictures of the run as one HTML file."""
        run = self.run()
        return run_page(
            run,
            self.seen,
            about=self.source.describe(run),
            notices=self.source.notices(run),
            shown=(self.kind, self.layer, self.sentence),
            pictures=self.pictures[1] if self.pictures[0] == self.settings else (),
        )


def draw_downloads(shown: Shown) -> None:
    """Draw the downloads, made when they are asked for, from what is shown then."""
    draw_popover(
        _("Download"),
        partial(_draw_files, shown),
        key=POPOVER,
        icon=":material/download:",
    )
    show_code(shown.coded)


def _draw_files(shown: Shown) -> None:
    stage: Stage = value_of("stage")
    whole, of_one = shown.source.file_stems()
    in_turn = turn(session_in_use(), is_seen=False)

    def deferred(make: Callable[[], bytes]) -> Callable[[], bytes]:
        return in_this_language(in_turn(make))

    draw_page_download(shown.page, whole)
    draw_code_button(POPOVER)
    st.download_button(
        _("This stage (CSV)"),
        deferred(lambda: stage_csv(shown.attention(), stage)),
        f"headlight_{stage}_{of_one}.csv",
        "text/csv",
        key="download_stage",
        on_click="ignore",
    )
    st.download_button(
        _("This attention's trace (tidy CSV)"),
        deferred(lambda: trace_csv(shown.attention())),
        f"headlight_trace_{of_one}.csv",
        "text/csv",
        key="download_trace",
        on_click="ignore",
    )
    st.download_button(
        _("The whole trace (NumPy .npz)"),
        deferred(shown.npz),
        f"headlight_trace_{whole}.npz",
        "application/octet-stream",
        key="download_npz",
        on_click="ignore",
    )
