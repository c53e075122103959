"""Downloads: the stage or the whole trace, made when they are asked for."""

import io
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import streamlit as st

from model.attention import AttentionTrace
from model.training.weights_file import configuration
from ui.compute import config_of
from ui.i18n import _
from ui.learnt import LearntRun, LearntSettings
from ui.link import value_of
from ui.run import Attention, RandomRun, Run
from ui.settings import Kind, Settings, Stage
from ui.state import on_learn_page, on_pair_page, on_trained_page
from ui.trained import TrainedRun, TrainedSettings
from ui.trainings import carried
from ui.turns import session_in_use, turn
from ui.views.numbers import stage_csv, trace_csv


@dataclass
class Shown:
    """What a session's page shows at this moment, for whoever has no access to its state.

    Streamlit makes a download in a thread of its own, in which a session's state is empty.
    """

    compute: Callable[[Any], Run]
    settings: Settings | TrainedSettings | LearntSettings | None = None  # until they are known
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
    suffix, of_one = _file_names()
    in_turn = turn(session_in_use(), is_seen=False)

    @in_turn
    def whole_stage() -> bytes:
        return stage_csv(shown.attention(), stage)

    @in_turn
    def whole_attention() -> bytes:
        return trace_csv(shown.attention())

    @in_turn
    def whole_npz() -> bytes:
        return npz_bytes(shown.run())

    with st.popover(_("Download"), icon=":material/download:", width="stretch"):
        st.download_button(
            _("This stage (CSV)"),
            whole_stage,
            f"headlight_{stage}_{of_one}.csv",
            "text/csv",
            key="download_stage",
            on_click="ignore",
        )
        st.download_button(
            _("This attention's trace (tidy CSV)"),
            whole_attention,
            f"headlight_trace_{of_one}.csv",
            "text/csv",
            key="download_trace",
            on_click="ignore",
        )
        st.download_button(
            _("The whole trace (NumPy .npz)"),
            whole_npz,
            f"headlight_trace_{suffix}.npz",
            "application/octet-stream",
            key="download_npz",
            on_click="ignore",
        )


def _file_names() -> tuple[str, str]:
    """What the names of files end with: of the whole trace, and of one attention."""
    model = carried()
    if model is not None or on_learn_page():
        task = model.plan.task if model else value_of("task")
        return task, f"{task}_layer_{value_of('layer')}"
    if on_trained_page():
        model = re.sub(r"[^\w.-]+", "_", value_of("model"))
        kind = f"{value_of('kind')}_" if value_of("kind") != "encoder_self" else ""
        return model, f"{kind}{model}_layer_{value_of('layer')}"
    suffix = of_one = f"{value_of('heads')}_heads"
    if value_of("layers") > 1:
        suffix = f"{value_of('layers')}_layers_{suffix}"
        of_one = f"layer_{value_of('layer')}_{of_one}"
    if on_pair_page():
        of_one = f"{value_of('kind')}_{of_one}"
    return suffix, of_one


def npz_bytes(run: RandomRun | TrainedRun | LearntRun) -> bytes:
    """The whole trace as .npz: with a trained model's weights enough to compute every number again.

    Arrays named as the trace's fields, all sentences, with a leading layer axis where there are
    several; `stream`, what each sub-layer left of the token vectors, and `final_output`; `tokens`
    (B, L) as strings; `config` as JSON; and what went in: `inputs`, the `mask` (True = may attend)
    and the model's weights; of a trained model its token `ids`, the `token_types` of two sentences
    that are read together and its `next_logits`, but not its weights, which everybody can get. Of
    an encoder and a decoder the arrays' names begin with the kind of attention, or with `source_`
    and `target_`.
    """
    several = len(run.kinds) > 1
    arrays = {"final_output": run.trace.output.numpy()}
    for kind in run.kinds:
        prefix = f"{kind}_" if several else ""
        for field in fields(AttentionTrace):
            layers = [getattr(trace, field.name).numpy() for trace in getattr(run.trace, kind)]
            arrays[prefix + field.name] = np.stack(layers) if len(layers) > 1 else layers[0]
        sentences = range(len(run.source.lengths))
        masks = [run.attention(0, s, kind).whole.allowed for s in sentences]
        arrays[f"{prefix}mask"] = np.stack(masks)[:, None]
    lengths = {}
    for side, prefix, stream in (
        (run.source, "source_" if several else "", run.trace.encoder_stream),
        (run.target, "target_", run.trace.decoder_stream),
    ):
        if side is not None:
            shape = (len(side.lengths), side.length)
            arrays[f"{prefix}tokens"] = np.array(side.tokens, dtype=np.str_).reshape(shape)
            arrays[f"{prefix}stream"] = np.stack([step.numpy() for step in stream])
            lengths[f"{prefix}lengths"] = side.lengths
    more, model = _more_of(run)
    config = {
        **_said(run.settings),
        **lengths,
        **_divisors(run),
        "model": model,
    }
    arrays["config"] = np.array(json.dumps(config, ensure_ascii=False, default=sorted))
    arrays |= more
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def _divisors(run: Run) -> dict[str, Any]:
    """What energies are divided by: one number where it is one, else a number a layer and kind."""
    every = {
        kind: [run.facts(kind, layer).divisor for layer in range(run.layers_of(kind))]
        for kind in run.kinds
    }
    first, *others = {divisor for layers in every.values() for divisor in layers}
    return {"divisors": every} if others else {"divisor": first}


def _said(settings: Settings | TrainedSettings | LearntSettings) -> dict[str, Any]:
    """The settings, for JSON."""
    if isinstance(settings, LearntSettings):
        return {**configuration(settings.plan, settings.snapshot), "typed": settings.typed}
    return asdict(settings)


def _more_of(
    run: RandomRun | TrainedRun | LearntRun,
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """What went into a run, and its weights where not everybody can get them; and its model."""
    if isinstance(run, RandomRun):
        return _of_random(run)
    return _of_learnt(run) if isinstance(run, LearntRun) else _of_trained(run)


def _of_learnt(run: LearntRun) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """A learner's weights, its answers' logits, and its configuration."""
    arrays = {name: weight.numpy() for name, weight in run.learner.state_dict().items()}
    return {**arrays, "logits": run.logits.numpy()}, asdict(run.settings.plan.config)


def _of_random(run: RandomRun) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """A random model's inputs and weights, and its configuration."""
    prefix = "" if run.target is None else "source_"
    arrays = {f"{prefix}inputs": run.inputs.numpy()}
    if run.target_inputs is not None:
        arrays["target_inputs"] = run.target_inputs.numpy()
    arrays |= {name: weight.numpy() for name, weight in run.model.state_dict().items()}
    return arrays, asdict(config_of(run.settings))


def _of_trained(run: TrainedRun) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """A trained model's token ids and predictions, and what it is."""
    model, arrays = run.model, {}
    for side, name in ((run.computed.source, "ids"), (run.computed.target, "target_ids")):
        if side is not None:
            arrays[name] = np.full((len(side.lengths), side.length), -1)  # -1: padding
            for row, subwords in zip(arrays[name], side.subwords, strict=True):
                row[: len(subwords)] = subwords.ids
    if run.settings.together and run.sentences.subwords[0].token_types:
        arrays["token_types"] = np.array([run.sentences.subwords[0].token_types])
    if run.next_logits is not None:
        arrays["next_logits"] = run.next_logits.numpy()
    about = ("name", "kind", "embed_size", "longest")
    sizes = {kind: asdict(size) for kind, size in model.sizes.items()}
    described = sizes if len(sizes) > 1 else sizes["encoder_self"]
    return arrays, {**{name: getattr(model, name) for name in about}, **described}
