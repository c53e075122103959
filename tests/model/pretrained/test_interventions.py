"""Interventions on models of transformers: as the same, made with hooks under "eager"."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from model.interventions import (
    Edge,
    Extent,
    Interventions,
    Pattern,
    PlacedCut,
    PlacedWeight,
    changes_of,
)
from model.pretrained.base import changeable_kind
from model.pretrained.hugging_face_model import HuggingFaceModel
from model.pretrained.hugging_face_run import RecordedRun
from model.subwords import SubwordTokenizer

pytest.importorskip("transformers")
from tests.model.pretrained.hooked import Hooks, hooks_on, mean, weighted, zero
from tests.model.pretrained.tiny_models import (  # after the skip: it needs transformers
    HEADS,
    IDS,
    KINDS,
    LAYERS,
    LENGTHS,
    NAMES,
    TARGET_IDS,
    TARGET_LENGTHS,
    inputs_of,
    tiny,
    word_level,
)

CLOSE = 5e-5
PAINTED = (Edge(2, 0), Edge(2, 1), Edge(1, 1))


@cache
def wrapped(name: str) -> HuggingFaceModel:
    return HuggingFaceModel(tiny(name), SubwordTokenizer(word_level()), name, KINDS[name])


def run(name: str, **options: Any) -> RecordedRun:
    if name == "t5":
        return wrapped(name).run(IDS, LENGTHS, TARGET_IDS, TARGET_LENGTHS, **options)
    return wrapped(name).run(IDS, LENGTHS, **options)


def changed(name: str, named: Interventions) -> RecordedRun:
    """The model's run with these."""
    before = run(name)
    traces = getattr(before.trace, changeable_kind(KINDS[name]))
    queries = TARGET_LENGTHS if name == "t5" else LENGTHS
    extent = Extent(LAYERS, HEADS, tuple(queries), tuple(LENGTHS))
    changes = changes_of(named, extent, before=traces)
    return run(name, changes=changes, before=before)


@cache
def eager(name: str) -> Any:
    return tiny(name, "eager")


def asked(name: str) -> Any:
    return eager(name)(**inputs_of(name), output_attentions=True)


def weights_of(name: str, layer: int) -> Tensor:
    """(B, H, Q, K) of the kind that can be changed."""
    out = asked(name)
    weights: Tensor = (out.cross_attentions if name == "t5" else out.attentions)[layer]
    return weights


def uniform(name: str, layer: int) -> Tensor:
    allowed = (weights_of(name, layer)[0, 2] > 0).float()
    return allowed / allowed.sum(-1, keepdim=True)


def painted(name: str, layer: int) -> Tensor:
    weights = weights_of(name, layer)[0, 2].clone()
    is_open = weights > 0
    for query in {edge.query for edge in PAINTED}:
        keys = [edge.key for edge in PAINTED if edge.query == query and is_open[query, edge.key]]
        weights[query] = 0
        weights[query, keys] = 1 / len(keys)
    return weights


def dragged(name: str, layer: int) -> Tensor:
    weights = weights_of(name, layer)[0, 2].clone()
    rest = weights[2].clone()
    rest[1] = 0
    weights[2] = rest / rest.sum() * (1 - 0.7)
    weights[2, 1] = 0.7
    return weights


def cut_everywhere(hooks: Hooks) -> None:
    for layer in range(LAYERS):
        hooks.cut(layer, 0, None, 2, 1)


CASES: dict[str, tuple[Interventions, Callable[[str, Hooks], None]]] = {
    "removed": (
        Interventions(removed=((0, 1), (1, 2))),
        lambda name, hooks: (hooks.edit(0, zero(1)), hooks.edit(1, zero(2)))[0],
    ),
    "mean": (
        Interventions(averaged=((0, 1),)),
        lambda name, hooks: hooks.edit(0, mean(1, TARGET_LENGTHS if name == "t5" else LENGTHS)),
    ),
    "cut in a head": (
        Interventions(cuts=(PlacedCut(2, 1, 0, 2), PlacedCut(1, 0, 1, 3, sentence=1))),
        lambda name, hooks: (hooks.cut(0, 0, 2, 2, 1), hooks.cut(1, 1, 3, 1, 0))[0],
    ),
    "cut in a layer": (
        Interventions(cuts=(PlacedCut(2, 1, 0),)),
        lambda name, hooks: hooks.cut(0, 0, None, 2, 1),
    ),
    "cut everywhere": (
        Interventions(cuts=(PlacedCut(2, 1),)),
        lambda name, hooks: cut_everywhere(hooks),
    ),
    "uniform": (
        Interventions(patterns=(Pattern(0, 2, "uniform"),)),
        lambda name, hooks: hooks.edit(0, weighted(2, 0, uniform(name, 0))),
    ),
    "painted": (
        Interventions(patterns=(Pattern(0, 2, "painted", PAINTED),)),
        lambda name, hooks: hooks.edit(0, weighted(2, 0, painted(name, 0))),
    ),
    "kept, though another is removed before it": (
        Interventions(removed=((0, 1),), patterns=(Pattern(1, 2, "kept"),)),
        lambda name, hooks: (
            hooks.edit(1, weighted(2, 0, weights_of(name, 1)[0, 2])),
            hooks.edit(0, zero(1)),
        )[0],
    ),
    "a weight": (
        Interventions(weights=(PlacedWeight(2, 1, 0, 2, 0.7),)),
        lambda name, hooks: hooks.edit(0, weighted(2, 0, dragged(name, 0))),
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", NAMES)
def test_it_is_what_hooks_on_transformers_make(name: str, case: str) -> None:
    named, hook = CASES[case]
    made = changed(name, named)
    with hooks_on(eager(name), name, HEADS) as hooks:
        hook(name, hooks)
        out = asked(name)
    wanted = (out.decoder_hidden_states if name == "t5" else out.hidden_states)[-1]
    lengths = TARGET_LENGTHS if name == "t5" else LENGTHS
    for row, expected, length in zip(made.trace.output, wanted, lengths, strict=True):
        torch.testing.assert_close(row[:length], expected[:length], rtol=0, atol=CLOSE)
    if made.next_logits is not None:
        last = torch.tensor(lengths) - 1
        expected = out.logits[torch.arange(len(last)), last]
        torch.testing.assert_close(made.next_logits, expected, rtol=0, atol=CLOSE)
    assert not torch.allclose(made.trace.output[0], run(name).trace.output[0], atol=1e-4)
    assert wrapped(name).compare(made).largest < 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_nothing_changed_is_the_same_to_the_bit(name: str) -> None:
    before, made = run(name), changed(name, Interventions())
    assert torch.equal(before.trace.output, made.trace.output)
    kept = changed(
        name,
        Interventions(patterns=tuple(Pattern(x, h, "kept") for x in (0, 1) for h in range(HEADS))),
    )
    assert torch.equal(before.trace.output, kept.trace.output)
