"""What holds for every task: what is drawn is right, and the same for equal generators."""

import re
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.tasks import TASKS, task_of
from model.tasks.base import IGNORED, LONGEST_PROBE, Batch, Example, RandomTask, Task, is_held_out
from model.tasks.randomness import random_symbols
from tests.matrix import examples, matrix
from tests.model.tasks.helpers import answers, draw, row_of, typed_of

ALL = list(TASKS)


def tensors(batch: Batch) -> list[torch.Tensor]:
    parts = (batch.inputs, batch.targets, batch.source, batch.source_mask)
    return [part for part in parts if part is not None]


def test_their_order_and_names() -> None:
    assert " ".join(ALL) == (
        "reverse copy shift sort histogram majority compare lookup brackets induction "
        "characters numbers"
    )
    assert [task_of(name).name for name in ALL] == ALL


@matrix(3, "name", [name for name in ALL if name != "characters"])
@examples(15)
@given(seed=st.integers(0, 2**40))
def test_what_is_drawn_is_what_the_plain_answer_says(name: str, seed: int) -> None:
    task = task_of(name)
    for batch in (draw(task, 5, seed), task.held_out(5)):
        for row in range(5):
            drawn = row_of(task, batch, row)
            assert task.example(typed_of(task, drawn)) == drawn


@pytest.mark.parametrize("name", ALL)
@examples(5)
@given(seed=st.integers(0, 2**40), count=st.integers(1, 70))
def test_shapes_and_ids(name: str, seed: int, count: int) -> None:
    task = task_of(name)
    for batch in (draw(task, count, seed), task.held_out(count)):
        read = batch.inputs if batch.source is None else batch.source
        assert read.shape == (count, task.length)
        assert batch.targets.shape == batch.inputs.shape
        assert (batch.source is not None) == (task.kind == "encoder-decoder")
        asked = batch.targets[batch.targets != IGNORED]
        assert (batch.targets != IGNORED).any(dim=1).all()  # something is, in each example
        for ids in (read, batch.inputs, asked):
            assert ids.dtype == torch.long
            assert ids.min() >= 0
            assert ids.max() < len(task.symbols)


@pytest.mark.parametrize("name", ALL)
def test_equal_generators_draw_equal_examples(name: str) -> None:
    first, again, other = (tensors(draw(task_of(name), 8, seed)) for seed in (3, 3, 4))
    assert all(map(torch.equal, first, again))
    assert not torch.equal(first[0], other[0])
    held_out = tensors(task_of(name).held_out(8))
    assert all(map(torch.equal, held_out, tensors(task_of(name).held_out(8))))


def rows(batch: Batch) -> set[tuple[int, ...]]:
    """What is read of each example."""
    read = batch.inputs if batch.source is None else batch.source
    return set(map(tuple, read.tolist()))


# The character model's are windows of another part of the text.
@matrix(3, "name", [name for name in ALL if name != "characters"])
def test_what_is_held_out_is_never_drawn(name: str) -> None:
    """Also where there are so few examples that chance alone would draw some of them."""
    task = task_of(name)
    held_out = rows(task.held_out(500))
    assert not held_out & rows(draw(task, 10_000))


class Pairs(RandomTask):
    """Two digits: a hundred examples."""

    name, symbols, length, probe = "pairs", tuple("0123456789"), 2, "12"

    def examples(self, count: int, rng: np.random.Generator) -> Batch:
        x = random_symbols((count, 2), 10, rng)
        return Batch(x, x.flip(1))

    def example(self, typed: Sequence[str]) -> Example:
        return Example(tuple(typed), tuple(reversed(typed)))


def test_each_example_is_either_drawn_or_held_out() -> None:
    drawn, held_out = rows(draw(Pairs(), 5000)), rows(Pairs().held_out(1000))
    assert len(drawn) + len(held_out) == len(drawn | held_out) == 100
    assert len(held_out) == pytest.approx(100 / 16, abs=5)
    answers_ = Pairs().held_out(50)
    assert torch.equal(answers_.targets, answers_.inputs.flip(1))


RANDOM = [name for name in ALL if issubclass(TASKS[name], RandomTask)]


@pytest.mark.parametrize("name", RANDOM)
def test_one_in_sixteen_is_held_out_of_every_kind(name: str) -> None:
    """Of those that ask as much, and have the same first answer."""
    task = TASKS[name]()
    assert isinstance(task, RandomTask)
    batch = task.examples(8000, np.random.default_rng(5))
    held_out = is_held_out(batch.inputs)
    asked = batch.targets != IGNORED
    first = batch.targets.gather(1, asked.long().argmax(1, keepdim=True))[:, 0]
    kinds = asked.sum(1) * 100 + first
    for kind in kinds.unique():
        same = held_out[kinds == kind]
        allowed = 4.5 * (len(same) / 16 * 15 / 16) ** 0.5
        assert same.sum().item() == pytest.approx(len(same) / 16, abs=allowed)


@pytest.mark.parametrize("name", RANDOM)
def test_fewer_held_out_examples_are_the_beginning_of_more(name: str) -> None:
    task = task_of(name)
    few, many = task.held_out(5), task.held_out(300)
    assert torch.equal(few.inputs, many.inputs[:5])
    assert torch.equal(few.targets, many.targets[:5])
    assert len(many.inputs) == 300


@pytest.mark.parametrize("name", ALL)
def test_symbols_differ_and_can_be_named(name: str) -> None:
    task = task_of(name)
    assert name.isidentifier()
    assert len(set(task.symbols)) == len(task.symbols)
    assert set(task.alphabet) <= set(task.symbols)
    assert task.encode(task.symbols).tolist() == list(range(len(task.symbols)))


@pytest.mark.parametrize("name", ALL)
def test_the_probe_can_be_read_and_has_answers(name: str) -> None:
    task = task_of(name)
    example = task.example(task.split(task.probe))
    assert len(example.inputs) == len(example.targets)
    assert any(example.targets)
    assert task.encode([target for target in example.targets if target]).min() >= 0
    read = example.source or example.inputs
    assert task.encode(read).shape == (len(read),)
    # Positions that no training has seen are foreign to the model.
    assert len(read) == task.length or name in ("induction", "numbers")
    assert len(read) <= task.length


@pytest.mark.parametrize(
    "name", [name for name in ALL if name not in ("lookup", "brackets", "numbers")]
)
def test_a_single_symbol_can_be_read(name: str) -> None:
    task = task_of(name)
    example = task.example(task.split(task.probe[0]))
    assert len(example.inputs) == len(example.targets) <= 2


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"there is nothing to read; symbols are .+"):
        task_of(name).split("")


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("characters", "numbers")])
def test_a_foreign_symbol_is_named(name: str) -> None:
    task = task_of(name)
    named = re.escape(f"'é' is none of this task's symbols, {task.alphabet[0]}")
    with pytest.raises(ValueError, match=f"^{named}"):
        task.split(f"{task.probe}é")


def test_few_symbols_are_listed_and_of_many_the_first_and_the_last() -> None:
    with pytest.raises(ValueError, match=r"symbols, 0 1 2 3 4 5 6 7 8 9$"):
        task_of("sort").split("x")
    with pytest.raises(ValueError, match=r"symbols, a b c d e \.\.\. z$"):
        task_of("reverse").split("1")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("compare", "1+2", "^'[+]' is none of this task's symbols, 0 1"),
        ("copy", "a|b", "^'[|]' is none of"),
        ("majority", "?ab", "^'[?]' is none of"),
        ("histogram", "ab2", "^'2' is none of"),
    ],
)
def test_answers_and_marks_cannot_be_typed(name: str, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        task_of(name).split(text)


def test_text_is_read_without_spaces_and_in_lower_case() -> None:
    assert task_of("reverse").split(" Ab\tC\n") == ("a", "b", "c")


def test_the_longest_that_can_be_read() -> None:
    assert len(answers("reverse", "a" * LONGEST_PROBE)) == LONGEST_PROBE
    with pytest.raises(ValueError, match="reads 48 symbols at most, and this makes 49 of them"):
        answers("reverse", "a" * (LONGEST_PROBE + 1))
    assert len(answers("copy", "a" * 24)) == LONGEST_PROBE
    with pytest.raises(ValueError, match="and this makes 50 of them; type less"):
        answers("copy", "a" * 25)
    with pytest.raises(ValueError, match="and this makes 49 of them"):
        Example(("a",), ("a",), source=("a",) * 49)


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(ValueError, match=r"one of reverse, copy, .*, got 'juggle'"):
        task_of("juggle")


class Counted(str):
    """A symbol that counts how often it is compared."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def comparisons(task: Task, typed: Sequence[str]) -> int:
    """How many it takes to read what was typed, or to refuse it."""
    Counted.compared = 0
    symbols = [Counted(symbol) for symbol in typed]  # none is the same object as another
    with suppress(ValueError):
        task.example(task.checked(symbols))
    return Counted.compared


@pytest.mark.parametrize("name", ALL)
def test_twice_as_much_is_twice_the_work(name: str) -> None:
    """Also where it is too long to be read in the end."""
    task = task_of(name)
    for typed in ([task.alphabet[0]], task.alphabet, task.split(task.probe)):
        once, twice = (comparisons(task, [*typed] * (n // len(typed))) for n in (1000, 2000))
        assert twice < 2.2 * once + 50
