"""What these numbers are, in words, and how far they are from PyTorch's."""

import streamlit as st

from model.positions import Positions
from model.pretrained.base import AttentionFacts, ModelKind, PretrainedModel, StackSize
from ui.compute import word_vectors
from ui.i18n import _, ngettext
from ui.learnt import LearntRun
from ui.link import value_of
from ui.options import word
from ui.run import RandomRun, Run
from ui.settings import preset_of
from ui.text import plain
from ui.trained import TrainedRun

# Of float32, for each unit of the largest score: a score's rounding error grows with its size, and
# softmax passes it on to the weights. A wrong formula is off by far more.
TOLERANCE = 1e-5
MOST_DIVISORS = 3  # that are told apart in a line
LARGE = 1e-3  # a difference that looks like an error, unless it is said what it is a part of


def show_header(run: Run) -> None:
    """The honesty label and the correctness badge, with what was compared in a tooltip."""
    if run.is_empty:  # nothing was computed, so nothing was compared
        st.markdown(f"**Headlight** — {_honesty(run)}")
        return
    st.markdown(f"**Headlight** — {said_of(run)}", help=_compared(run))


def said_of(run: Run) -> str:
    """What the numbers are, and how far they are from PyTorch's."""
    return f"{_honesty(run)}   {_badge(run)}"


def _honesty(run: Run) -> str:
    if isinstance(run, TrainedRun):
        return _trained(run)
    return _learnt(run) if isinstance(run, LearntRun) else _random(run)


def _learnt(run: LearntRun) -> str:
    plan, snapshot = run.settings.plan, run.settings.snapshot
    layers = ngettext("{count} layer", "{count} layers", plan.layers).format(count=plan.layers)
    heads = ngettext("{count} head", "{count} heads", plan.heads).format(count=plan.heads)
    model = _("{task}, {layers} × {heads}, energies ÷ {divisor}").format(
        task=word(plan.task),
        layers=layers,
        heads=heads,
        divisor=divisor_text(run.facts(run.kinds[0], 0)),
    )
    if run.settings.from_file:
        return _("**weights from a file**, {step} steps from seed {seed}: {model}").format(
            step=snapshot.step, seed=plan.seed, model=model
        )
    if snapshot.step == 0:
        return _("**random weights, not trained yet** (seed {seed}): {model}").format(
            seed=plan.seed, model=model
        )
    return _("**weights trained here**, {step} steps from seed {seed}: {model}").format(
        step=snapshot.step, seed=plan.seed, model=model
    )


def _trained(run: TrainedRun) -> str:
    model = run.model
    said = _("**trained weights**: {name}, {model}, energies ÷ {divisor}").format(
        name=plain(model.name), model=_stacks(model), divisor=_divisors(run)
    )
    if run.settings.removed:
        count = len(run.settings.removed)
        removed = ngettext("**{count} head removed**", "**{count} heads removed**", count)
        said += ", " + removed.format(count=count)
    return said


def _stacks(model: PretrainedModel) -> str:
    """The kind of a model, and its layers and heads; a decoder may have others than its encoder."""
    sizes = list(dict.fromkeys(model.sizes.values()))
    if len(sizes) == 1:
        return _("{kind}, {size}").format(kind=kind_word(model.kind), size=_size(sizes[0]))
    return _("encoder of {encoder} and decoder of {decoder}").format(
        encoder=_size(model.sizes["encoder_self"]), decoder=_size(model.sizes["decoder_self"])
    )


def _size(size: StackSize) -> str:
    layers = ngettext("{count} layer", "{count} layers", size.layers).format(count=size.layers)
    heads = ngettext("{count} head", "{count} heads", size.heads).format(count=size.heads)
    return _("{layers} × {heads}").format(layers=layers, heads=heads)


def _divisors(run: Run) -> str:
    """What energies are divided by, which may differ from kind to kind and from layer to layer."""
    every = dict.fromkeys(map(divisor_text, run.every_facts()))
    if len(every) > MOST_DIVISORS:
        return _("numbers of each layer's own")
    return _(" or ").join(every)


def kind_word(kind: ModelKind) -> str:
    """What a kind of model is called."""
    return {
        "encoder": _("encoder"),
        "decoder": _("decoder"),
        "encoder-decoder": _("encoder and decoder"),
    }[kind]


def _random(run: RandomRun) -> str:
    settings = run.settings
    said = ", ".join(
        [
            *_sources(run),
            _("energies ÷ {divisor}").format(divisor=divisor_text(run.facts(run.kinds[0], 0))),
        ]
    )
    if settings.positions != "none":
        said += f", {_with_positions(settings.positions)}"
    if settings.layers > 1 or len(run.kinds) > 1 or settings.norm_order == "pre":
        layers = ngettext("{count} layer, {norm}", "{count} layers, {norm}", settings.layers)
        said += ", " + layers.format(count=settings.layers, norm=word(settings.norm_order))
    return said


def _sources(run: RandomRun) -> list[str]:
    """Where word vectors and weights come from: what is trained, and what isn't."""
    settings, sources = run.settings, []
    seed = _("(seed {seed})").format(seed=settings.seed)
    if settings.vectors == "minilm":
        size = word_vectors().size
        if settings.embed_size < size:
            which = _("first {used} of {size} principal axes").format(
                used=settings.embed_size, size=size
            )
        else:
            which = _("all {size} principal axes").format(size=size)
            if settings.embed_size > size:
                which += _(", then zeros")
        sources.append(_("**MiniLM's word vectors** ({which})").format(which=which))
    elif settings.projection == "identity":
        sources.append(_("**random word vectors, untrained**") + " " + seed)
    if settings.projection == "identity":
        sources.append(_("**identity projections**"))
        # Only what comes after a feed-forward depends on it.
        if settings.layers > 1 or len(run.kinds) > 1 or value_of("view") in ("layers", "tests"):
            sources.append(_("random feed-forward") + " " + seed)
        return sources
    names = {
        "paper": _("the paper's formulation"),
        "tutorial": _("the tutorial's formulation"),
        None: _("a formulation of your own"),
    }
    formulation = names[preset_of(settings.projection, settings.scale)]
    return [*sources, _("**random weights, untrained**") + " " + seed, formulation]


def _with_positions(positions: Positions) -> str:
    return {
        "sinusoidal": _("sinusoidal positions"),
        "learned": _("a table of positions (random here)"),
        "rotary": _("rotary positions"),
        "alibi": _("ALiBi"),
    }[positions]


def divisor_text(facts: AttentionFacts, *, latex: bool = False) -> str:
    """The divisor as people write it: √8, 1, (√8 × 0.5)."""
    size = {"head_dim": facts.head_dim, "embed_size": facts.embed_size}.get(facts.scale)
    root = "1" if size is None else f"\\sqrt{{{size}}}" if latex else f"√{size}"
    if facts.temperature == 1:
        return root
    times = "\\cdot" if latex else "×"
    return f"({root} {times} {facts.temperature:g})"


def _badge(run: Run) -> str:
    parity = run.parity
    scores = [
        trace.energy.abs().max().item() / facts.divisor
        for trace, facts in zip(run.attentions(), run.every_facts(), strict=True)
        if len(trace.energy)
    ]
    largest_score = max(scores, default=0.0)
    allowed = TOLERANCE * max(1.0, largest_score)
    if LARGE < parity.largest <= allowed:  # of larger numbers still: after a divergence
        return _(
            ":green-badge[:material/verified: largest difference from PyTorch: {d:.1e}, of scores "
            "up to {s:.1e}]"
        ).format(d=parity.largest, s=largest_score)
    if parity.largest <= allowed:
        return _(
            ":green-badge[:material/verified: largest difference from PyTorch: {d:.1e}]"
        ).format(d=parity.largest)
    return _(":red-badge[:material/error: largest difference from PyTorch: {d:.1e}]").format(
        d=parity.largest
    )


def _compared(run: Run) -> str:
    parity = run.parity
    text = _(
        "Computed just now, on the same tensors, for all sentences, layers and heads. Largest "
        "absolute differences from torch.nn.functional.scaled_dot_product_attention: of the head "
        "outputs {head_outputs:.2e}, of the weights {weights:.2e}."
    ).format(head_outputs=parity.head_outputs, weights=parity.weights)
    if parity.output is None:
        return text + _(
            " nn.MultiheadAttention knows only the paper's formulation at temperature 1, without "
            "rotary positions or ALiBi, so it isn't compared here."
        )
    if parity.output_against == "sdpa":
        return text + _(
            " The whole model was run again with transformers' own sdpa attention: its last "
            "vectors differ by {output:.2e}."
        ).format(output=parity.output)
    return text + _(
        " With nn.MultiheadAttention, given the same input and weights, the weights are compared "
        "too, and its output, wherever it knows the formulation: {output:.2e}."
    ).format(output=parity.output)
