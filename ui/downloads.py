"""Downloads: the stage or the whole trace, made when they are asked for."""

import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields

import numpy as np
import streamlit as st

from model.attention import AttentionTrace
from ui.compute import config_of
from ui.i18n import _
from ui.link import value_of
from ui.run import Attention, Run
from ui.settings import Kind, Settings, Stage
from ui.state import on_pair_page
from ui.views.numbers import stage_table, trace_table


@dataclass
class Shown:
    """What a session's page shows at this moment, for whoever has no access to its state.

    Streamlit makes a download in a thread of its own, in which a session's state is empty.
    """

    compute: Callable[[Settings], Run]
    settings: Settings
    kind: Kind = "encoder_self"
    layer: int = 0
    sentence: int = 0

    def run(self) -> Run:
        """The run that is shown, computed anew."""
        return self.compute(self.settings)

    def attention(self) -> Attention:
        """The attention that is shown, computed anew."""
        return self.run().attention(self.layer, self.sentence, self.kind)


def draw_downloads(shown: Shown) -> None:
    """The downloads, made when they are asked for, from what is shown then."""
    stage: Stage = value_of("stage")
    suffix = f"{value_of('heads')}_heads"
    of_one = suffix
    if value_of("layers") > 1:
        suffix = f"{value_of('layers')}_layers_{suffix}"
        of_one = f"layer_{value_of('layer')}_{of_one}"
    if on_pair_page():
        of_one = f"{value_of('kind')}_{of_one}"

    def stage_csv() -> bytes:
        return stage_table(shown.attention(), stage).to_csv(index=False).encode()

    def trace_csv() -> bytes:
        return trace_table(shown.attention()).to_csv(index=False).encode()

    with st.popover(_("Download"), icon=":material/download:", width="stretch"):
        st.download_button(
            _("This stage (CSV)"),
            stage_csv,
            f"headlight_{stage}_{of_one}.csv",
            "text/csv",
            key="download_stage",
            on_click="ignore",
        )
        st.download_button(
            _("This attention's trace (tidy CSV)"),
            trace_csv,
            f"headlight_trace_{of_one}.csv",
            "text/csv",
            key="download_trace",
            on_click="ignore",
        )
        st.download_button(
            _("The whole trace (NumPy .npz)"),
            lambda: npz_bytes(shown.run()),
            f"headlight_trace_{suffix}.npz",
            "application/octet-stream",
            key="download_npz",
            on_click="ignore",
        )


def npz_bytes(run: Run) -> bytes:
    """The whole trace as .npz: enough to compute every number on the screen again.

    Arrays named as the trace's fields, all sentences, with a leading layer axis where there are
    several; `stream`, what each sub-layer left of the token vectors, and `final_output`; `tokens`
    (B, L) as strings; `config` as JSON; and what went in: `inputs`, the `mask` (True = may attend)
    and the model's weights. Of an encoder and a decoder the arrays' names begin with the kind of
    attention, or with `source_` and `target_`.
    """
    several = len(run.kinds) > 1
    arrays = {"final_output": run.trace.output.numpy()}
    for kind in run.kinds:
        prefix = f"{kind}_" if several else ""
        for field in fields(AttentionTrace):
            layers = [getattr(trace, field.name).numpy() for trace in getattr(run.trace, kind)]
            arrays[prefix + field.name] = np.stack(layers) if len(layers) > 1 else layers[0]
        sentences = range(len(run.source.lengths))
        masks = [run.attention(0, s, kind).allowed for s in sentences]
        arrays[f"{prefix}mask"] = np.stack(masks)[:, None]
    lengths = {}
    for side, prefix, inputs, stream in (
        (run.source, "source_" if several else "", run.inputs, run.trace.encoder_stream),
        (run.target, "target_", run.target_inputs, run.trace.decoder_stream),
    ):
        if side is not None and inputs is not None:
            arrays[f"{prefix}inputs"] = inputs.numpy()
            shape = (len(side.lengths), side.length)
            arrays[f"{prefix}tokens"] = np.array(side.tokens, dtype=np.str_).reshape(shape)
            arrays[f"{prefix}stream"] = np.stack([step.numpy() for step in stream])
            lengths[f"{prefix}lengths"] = side.lengths
    config = {
        **asdict(run.settings),
        **lengths,
        "divisor": run.facts(run.kinds[0], 0).divisor,
        "model": asdict(config_of(run.settings)),
    }
    arrays["config"] = np.array(json.dumps(config, ensure_ascii=False))
    arrays |= {name: weight.numpy() for name, weight in run.model.state_dict().items()}
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()
