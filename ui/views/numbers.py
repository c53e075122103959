"""Numbers: statistics of the heads, the stage as a table, and downloads."""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd
import streamlit as st

from model.attention import AttentionTrace
from ui.compute import Run, compute
from ui.i18n import _
from ui.link import value_of
from ui.options import word
from ui.selection import Selection
from ui.settings import Settings, Stage
from ui.stages import BETWEEN_TOKENS, FIELDS, field, value_word
from viz.statistics import head_statistics, tidy

MOST_ROWS = 20_000  # of the table on the page; downloads have all


def show_numbers(run: Run, selection: Selection, stage: Stage) -> None:
    """Draw the statistics and the table twin of the stage."""
    real = run.lengths[selection.sentence]
    st.markdown(_("**What each head does**, averaged over the sentence's queries"))
    if real:
        _show_statistics(run, selection.sentence, real)
    else:
        st.caption(_("This sentence has no tokens of its own."))
    table = stage_table(run, selection.sentence, stage)
    st.markdown(
        _("**{stage}**, number by number").format(stage=word(stage)[0].upper() + word(stage)[1:]),
    )
    if len(table) > MOST_ROWS:
        st.caption(
            _("The first {shown:,} of {all:,} rows; the downloads have them all.").format(
                shown=MOST_ROWS, all=len(table)
            )
        )
    st.dataframe(
        table.head(MOST_ROWS),
        key="stage_table",
        hide_index=True,
        height=320,
        # 9 significant digits tell any two float32 numbers apart.
        column_config={table.columns[-1]: st.column_config.NumberColumn(format="%.9g")},
    )


def _show_statistics(run: Run, sentence: int, real: int) -> None:
    number = st.column_config.NumberColumn
    weights = field(run, "weights", sentence)[:, :real]
    table = head_statistics(weights, run.allowed(sentence)[:real])
    st.dataframe(
        table,
        key="statistics_table",
        hide_index=True,
        column_config={
            "head": number(_("head")),
            "entropy": number(
                _("entropy (nats)"),
                format="%.4f",
                help=_("How widely a query spreads its weight: 0 is one key, log(n) is n evenly."),
            ),
            "entropy_share": number(
                _("share of the highest entropy"),
                format="percent",
                help=_("Entropy ÷ log(keys that the query can reach): 100 % is an even spread."),
            ),
            "largest_weight": number(
                _("largest weight"),
                format="%.4f",
                help=_("The weight of each query's favourite key."),
            ),
            "distance": number(
                _("mean distance"),
                format="%.3f",
                help=_("How many positions away a query looks, weighted by its weights."),
            ),
            "first_token": number(
                _("on the first token"),
                format="percent",
                help=_("Weight on position 0, where trained heads often rest (a “sink”)."),
            ),
            "itself": number(
                _("on itself"), format="percent", help=_("Weight on the query's own position.")
            ),
        },
    )


def stage_table(run: Run, sentence: int, stage: Stage) -> pd.DataFrame:
    """A stage of one sentence as a tidy table; Q·K·V say in a column which of them it is."""
    names = FIELDS[stage]
    if len(names) > 1:
        return _field_tables(run, sentence, names)
    table = _field_table(run, sentence, names[0]).drop(columns="field")
    return table.rename(columns={"value": value_word(stage)})


def trace_table(run: Run, sentence: int) -> pd.DataFrame:
    """Every field of one sentence's trace as one tidy table."""
    return _field_tables(run, sentence, [f.name for f in fields(AttentionTrace)])


def _field_tables(run: Run, sentence: int, names: Sequence[str]) -> pd.DataFrame:
    """Several fields below each other; a field is left blank where it has no such dimension."""
    table = pd.concat([_field_table(run, sentence, name) for name in names], ignore_index=True)
    positions = table.columns.intersection(["head", "query", "key", "dimension"])
    table = table.astype(dict.fromkeys(positions, "Int64"))  # whole numbers, with blanks
    return table[[*table.columns.drop("value"), "value"]]


def _field_table(run: Run, sentence: int, name: str) -> pd.DataFrame:
    tokens = run.tokens[sentence]
    if name in BETWEEN_TOKENS:
        dimensions, named = ("head", "query", "key"), {"query": tokens, "key": tokens}
    elif name == "output":
        dimensions, named = ("query", "dimension"), {"query": tokens}
    else:
        who = "key" if name in ("keys", "values") else "query"
        dimensions, named = ("head", who, "dimension"), {who: tokens}
    table = tidy(field(run, name, sentence), dimensions, named, "value")
    table.insert(0, "field", name)
    return table


@dataclass
class Shown:
    """What a session's page shows at this moment, for whoever has no access to its state.

    Streamlit makes a download in a thread of its own, in which a session's state is empty.
    """

    settings: Settings
    sentence: int = 0


def draw_downloads(shown: Shown) -> None:
    """The downloads, made when they are asked for, from what is shown then."""
    stage: Stage = value_of("stage")
    suffix = f"{value_of('heads')}_heads"

    def of_run(make: Callable[[Run, int], bytes]) -> Callable[[], bytes]:
        return lambda: make(compute(shown.settings), shown.sentence)

    with st.popover(_("Download"), icon=":material/download:", width="stretch"):
        st.download_button(
            _("This stage (CSV)"),
            of_run(lambda run, s: stage_table(run, s, stage).to_csv(index=False).encode()),
            f"headlight_{stage}_{suffix}.csv",
            "text/csv",
            key="download_stage",
            on_click="ignore",
        )
        st.download_button(
            _("The whole trace (tidy CSV)"),
            of_run(lambda run, s: trace_table(run, s).to_csv(index=False).encode()),
            f"headlight_trace_{suffix}.csv",
            "text/csv",
            key="download_trace",
            on_click="ignore",
        )
        st.download_button(
            _("The whole trace (NumPy .npz)"),
            of_run(lambda run, _s: npz_bytes(run)),
            f"headlight_trace_{suffix}.npz",
            "application/octet-stream",
            key="download_npz",
            on_click="ignore",
        )


def npz_bytes(run: Run) -> bytes:
    """The whole trace as .npz: enough to compute every number on the screen again.

    Arrays named as the trace's fields, all sentences; `tokens` (B, L) as strings; `config` as
    JSON; and what went in: `inputs`, the `mask` (True = may attend) and the module's weights.
    """
    length = run.length
    arrays = {f.name: getattr(run.trace, f.name).numpy() for f in fields(AttentionTrace)}
    arrays |= {
        "tokens": np.array(run.tokens, dtype=np.str_).reshape(len(run.lengths), length),
        "config": np.array(
            json.dumps(
                {**asdict(run.settings), "divisor": run.module.divisor, "lengths": run.lengths},
                ensure_ascii=False,
            )
        ),
        "inputs": run.inputs.numpy(),
        "mask": np.stack([run.allowed(s) for s in range(len(run.lengths))])[:, None],
    }
    arrays |= {name: weight.numpy() for name, weight in run.module.state_dict().items()}
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()
