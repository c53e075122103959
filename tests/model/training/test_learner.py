"""A learner: the seed's stack with an unembedding, and the masks of its kind."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save
from torch import Tensor

from model.head_edges import HeadEdgeCut, trace_without_edges
from model.masks import causal_mask
from model.seeded import PADDING, random_encoder, random_transformer, weight_matrix
from model.tasks.base import IGNORED, Batch
from model.training.learner import Learner, load_learner, share_right
from model.training.plan import Plan
from model.transformer import Encoder, Transformer
from tests.model.helpers import shaken
from tests.model.training.helpers import KINDS, small


def drawn(plan: Plan, count: int = 3) -> Batch:
    return plan.learnt.draw(count, np.random.default_rng(0))


def stack(learner: Learner, batch: Batch, ahead: Tensor | None) -> Tensor:
    """The stack's output, from the stack alone."""
    if isinstance(learner.stack, Encoder):
        return learner.stack(batch.inputs, ahead)
    padding = batch.source_mask
    return learner.stack(batch.source, batch.inputs, padding, ahead, padding)


@pytest.mark.parametrize("task", KINDS)
def test_a_logit_for_each_symbol_at_each_position(task: str) -> None:
    plan = small(task, layers=2)
    learner, batch = Learner(plan), drawn(plan)
    found = learner.trace(batch)
    assert found.logits.shape == (*batch.inputs.shape, len(plan.learnt.symbols))
    assert torch.equal(learner(batch), found.logits)
    expected = torch.einsum("ble,ve->blv", found.trace.output, learner.unembedding.weight)
    torch.testing.assert_close(found.logits, expected)
    assert [len(getattr(found.trace, kind)) for kind in found.masks] == [2] * len(found.masks)


@pytest.mark.parametrize("task", ["reverse", "compare"])
def test_an_encoder_sees_everything(task: str) -> None:
    plan = small(task)
    learner, batch = Learner(plan), drawn(plan)
    found = learner.trace(batch)
    assert dict(found.masks) == {"encoder_self": None}
    assert (found.trace.encoder_self[0].weights > 0).all()
    torch.testing.assert_close(found.trace.output, stack(learner, batch, None))


def test_a_decoder_only_looks_back() -> None:
    plan = small("characters")
    learner, batch = Learner(plan), drawn(plan)
    found = learner.trace(batch)
    assert list(found.masks) == ["encoder_self"]
    length = plan.learnt.length
    seen = found.trace.encoder_self[0].weights[0, 0] > 0
    assert torch.equal(seen, torch.ones(length, length).tril().bool())
    expected = stack(learner, batch, causal_mask(length, length))
    torch.testing.assert_close(found.trace.output, expected)


def test_an_encoder_decoder_hides_the_padding_and_what_is_ahead() -> None:
    plan = small("numbers")
    learner, batch = Learner(plan), drawn(plan, count=8)
    found = learner.trace(batch)
    masks = {
        "encoder_self": batch.source_mask,
        "decoder_self": causal_mask(5, 5),
        "cross": batch.source_mask,
    }
    torch.testing.assert_close(dict(found.masks), masks)
    assert batch.source is not None
    padding = plan.learnt.symbols.index(PADDING)
    words = (batch.source != padding)[:, None, None]  # (B, 1, 1, S)
    assert not words.all()
    reads = found.trace.encoder_self[0].weights > 0
    assert torch.equal(reads, words.expand_as(reads))
    crosses = found.trace.cross[0].weights > 0
    assert torch.equal(crosses, words.expand_as(crosses))
    writes = found.trace.decoder_self[0].weights > 0
    assert torch.equal(writes, torch.ones(5, 5).tril().bool().expand_as(writes))
    torch.testing.assert_close(found.trace.output, stack(learner, batch, causal_mask(5, 5)))


@pytest.mark.parametrize("task", KINDS)
def test_it_begins_with_the_seeds_weights(task: str) -> None:
    plan = small(task, layers=2, seed=5, positions="learned")
    learner = Learner(plan)
    build = random_transformer if task == "numbers" else random_encoder
    assert isinstance(learner.stack, Transformer if task == "numbers" else Encoder)
    expected = build(plan.config, 5).state_dict()
    found = learner.stack.state_dict()
    assert found.keys() == expected.keys()
    for name, weight in found.items():
        assert torch.equal(weight, expected[name]), name
    symbols = len(plan.learnt.symbols)
    matrix = weight_matrix("unembedding", symbols, 8, 5)
    assert torch.equal(learner.unembedding.weight, matrix)
    assert learner.training
    assert all(w.requires_grad for w in learner.parameters())


def test_other_heads_split_the_same_weights_and_more_layers_leave_the_first_alone() -> None:
    plan = small(layers=2)
    first = Learner(plan).state_dict()
    for other in (replace(plan, heads=4), replace(plan, layers=3)):
        weights = Learner(other).state_dict()
        for name, weight in first.items():
            assert torch.equal(weight, weights[name]), name
    other = Learner(replace(plan, seed=1)).state_dict()
    assert not torch.equal(other["unembedding.weight"], first["unembedding.weight"])


def test_learners_share_no_weights() -> None:
    """Else training one would train the other, and every stack of this seed after it."""
    plan = small()
    before = {name: weight.clone() for name, weight in Learner(plan).state_dict().items()}
    with torch.no_grad():
        for weight in Learner(plan).parameters():
            weight.fill_(7.0)
    for name, weight in Learner(plan).state_dict().items():
        assert torch.equal(weight, before[name]), name


@pytest.mark.parametrize("task", KINDS)
def test_an_example_is_read_as_a_batch_of_one(task: str) -> None:
    plan = small(task)
    learner = shaken(Learner(plan))
    task_ = plan.learnt
    example = task_.example(task_.split(task_.probe))
    found = learner.read(example)
    assert not found.logits.requires_grad
    assert found.logits.shape == (1, len(example.inputs), len(task_.symbols))
    ids = [[task_.symbols.index(symbol) for symbol in example.inputs]]
    source = [[task_.symbols.index(symbol) for symbol in example.source]]
    batch = Batch(
        torch.tensor(ids), torch.empty(0), torch.tensor(source) if example.source else None
    )
    assert torch.equal(found.logits, learner(batch))


@pytest.mark.parametrize("task", KINDS)
def test_a_loaded_learner_computes_the_same_and_learns_no_more(task: str) -> None:
    plan = small(task, positions="learned")
    learner = shaken(Learner(plan))
    loaded = load_learner(plan, save(learner.state_dict()))
    assert torch.equal(loaded(drawn(plan)), learner(drawn(plan)))
    assert not any(part.training for part in loaded.modules())
    assert not any(w.requires_grad for w in loaded.parameters())


@pytest.mark.parametrize(
    "other", [{"layers": 2}, {"embed_size": 16}, {"task": "sort"}, {"positions": "learned"}]
)
def test_weights_of_another_model_are_refused(other: dict) -> None:
    weights = save(Learner(replace(small(), **other)).state_dict())
    with pytest.raises(ValueError, match="of another model"):
        load_learner(small(), weights)


def test_edges_are_cut_in_one_stack_alone() -> None:
    cut = [HeadEdgeCut(0, 0, 1, 0, "k")]
    plan = small("induction", layers=2)
    learner, batch = Learner(plan), drawn(plan)
    ahead = learner.trace(batch).masks["encoder_self"]
    assert isinstance(learner.stack, Encoder)
    trace = trace_without_edges(learner.stack, batch.inputs, ahead, cut)
    found = learner.trace(batch, cut)
    assert torch.equal(found.trace.output, trace.output)
    assert not torch.equal(found.logits, learner.trace(batch).logits)
    two = small("numbers", layers=2)
    with pytest.raises(ValueError, match="one stack alone"):
        Learner(two).trace(drawn(two), cut)


def test_the_share_of_right_answers_leaves_out_what_is_not_asked() -> None:
    logits = torch.tensor([[[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]])
    assert share_right(logits, torch.tensor([[1, 1, IGNORED, 0]])) == pytest.approx(2 / 3)
