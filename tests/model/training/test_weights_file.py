"""Trained weights as a file: the same when they come back, and nothing else gets in."""

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load, save
from torch import Tensor

from model.attention import Scale
from model.positions import Positions
from model.training import weights_file
from model.training.learner import Learner, load_learner
from model.training.plan import Plan
from model.training.trainer import Snapshot, train
from model.training.weights_file import (
    KEY,
    LARGEST_FILE,
    LARGEST_HEADER,
    PLAN_TYPES,
    SNAPSHOT_TYPES,
    configuration,
    read_weights,
    write_weights,
)
from tests.matrix import examples, matrix
from tests.model.helpers import shaken
from tests.model.training.helpers import KINDS, small


@cache
def trained() -> tuple[Plan, Snapshot]:
    """A small plan's last snapshot."""
    plan = small("compare", embed_size=4, steps=3)
    return plan, list(train(plan))[-1]


def packed(header: bytes | dict[str, Any], numbers: bytes = b"") -> bytes:
    """A safetensors file by hand: the header's length, the header, the tensors' bytes."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + numbers


def with_text(text: str) -> bytes:
    """The file with another text in place of its configuration."""
    return save(load(trained()[1].weights), {KEY: text})


def told(**changes: Any) -> bytes:
    """The file with another value at "plan.heads" or the like, plan__heads as a name here."""
    about = configuration(*trained())
    for path, value in changes.items():
        *parents, name = path.split("__")
        place = about
        for parent in parents:
            place = place[parent]
        place[name] = value
    return with_text(json.dumps(about))


def with_tensors(change: Callable[[dict[str, Tensor]], object]) -> bytes:
    """The file with its tensors changed in place."""
    plan, snapshot = trained()
    tensors = load(snapshot.weights)
    change(tensors)
    return write_weights(plan, replace(snapshot, weights=save(tensors)))


# The same when they come back


@matrix(2, "task", KINDS)
def test_a_trained_model_comes_back(task: str) -> None:
    plan = small(task, steps=3)
    for snapshot in train(plan):
        plan_, snapshot_ = read_weights(write_weights(plan, snapshot))
        assert plan_ == plan
        assert snapshot_ == snapshot  # also its weights, byte by byte
        batch = plan.learnt.held_out(2)
        learner, back = (load_learner(plan, s.weights) for s in (snapshot, snapshot_))
        assert torch.equal(back(batch), learner(batch))


def plan_of(**options: Any) -> Plan:
    """With an embedding that the heads divide in pairs."""
    options["embed_size"] *= 2 * options["heads"]
    return Plan(**options)


@examples(50)
@given(
    plan=st.builds(
        plan_of,
        task=st.sampled_from(KINDS),
        heads=st.integers(1, 8),
        embed_size=st.integers(1, 2),
        layers=st.integers(1, 4),
        positions=st.sampled_from(get_args(Positions)),
        scale=st.sampled_from(get_args(Scale)),
        learning_rate=st.floats(1e-5, 10),
        steps=st.integers(1, 3000),
        seed=st.integers(0, 2**31 - 1),
    ),
    part=st.floats(0, 1),
    loss=st.floats(0, allow_infinity=False, allow_nan=False),
    accuracy=st.floats(0, 1),
)
def test_any_plan_and_any_numbers_come_back(
    plan: Plan, part: float, loss: float, accuracy: float
) -> None:
    weights = save(shaken(Learner(plan)).state_dict())
    snapshot = Snapshot(int(part * plan.steps), loss, accuracy, weights)
    assert read_weights(write_weights(plan, snapshot)) == (plan, snapshot)


CORPUS = 'ein "Satz" \\ два 語 🙂 \x00 e\u0301,\n' * 20


@pytest.mark.parametrize("corpus", ["", CORPUS, CORPUS + "\ud800"])
def test_a_corpus_of_any_letters_comes_back(corpus: str) -> None:
    plan = small("characters", corpus=corpus, embed_size=2, heads=1)
    snapshot = next(train(plan))
    assert read_weights(write_weights(plan, snapshot)) == (plan, snapshot)


def test_the_file_is_safetensors_and_says_what_it_holds(tmp_path: Path) -> None:
    plan, snapshot = trained()
    (tmp_path / "weights.safetensors").write_bytes(write_weights(plan, snapshot))
    with safe_open(tmp_path / "weights.safetensors", "pt") as file:
        about = json.loads(file.metadata()[KEY])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    learner = load_learner(plan, snapshot.weights)
    assert tensors.keys() == learner.state_dict().keys()
    for name, weight in learner.state_dict().items():
        assert torch.equal(tensors[name], weight), name
    assert about == configuration(plan, snapshot)
    assert about == {
        "version": 1,
        "plan": {
            "task": "compare",
            "heads": 2,
            "embed_size": 4,
            "layers": 1,
            "positions": "sinusoidal",
            "scale": "head_dim",
            "learning_rate": 3e-3,
            "steps": 3,
            "seed": 0,
            "corpus": "",
        },
        "symbols": [*"0123456789+-"],
        "snapshot": {"step": 3, "loss": snapshot.loss, "accuracy": snapshot.accuracy},
    }


def test_the_largest_model_fits_the_limit() -> None:
    plan = Plan(task="reverse", embed_size=128, layers=2)
    snapshot = Snapshot(0, 1.0, 0.5, save(Learner(plan).state_dict()))
    data = write_weights(plan, snapshot)
    assert len(data) < LARGEST_FILE / 2
    assert read_weights(data) == (plan, snapshot)


def test_a_whole_number_may_stand_for_a_number() -> None:
    plan, snapshot = trained()
    plan_, snapshot_ = read_weights(told(plan__learning_rate=1, snapshot__loss=2))
    assert plan_ == replace(plan, learning_rate=1.0)
    assert snapshot_ == replace(snapshot, loss=2.0)
    assert type(plan_.learning_rate) is type(snapshot_.loss) is float


# Nothing else gets in


def test_a_header_of_thousands_of_tensors_is_refused_unread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    empty = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    data = packed({f"t{i}": empty for i in range(10_000)})
    assert LARGEST_HEADER < len(data) < LARGEST_FILE
    monkeypatch.setattr(weights_file, "deserialize", None)  # it isn't come to
    with pytest.raises(ValueError, match=f"header has {len(data) - 8:,} bytes, .* 524,288 at most"):
        read_weights(data)


def test_the_longest_corpus_fits_the_header() -> None:
    """Each of its characters is two escaped halves, as long as a character gets."""
    plan = Plan(task="characters", corpus="\U0001f642\U0001f643" * 10_000, embed_size=4, steps=1)
    snapshot = next(train(plan))
    data = write_weights(plan, snapshot)
    assert 250_000 < int.from_bytes(data[:8], "little") < LARGEST_HEADER
    assert read_weights(data)[0] == plan


NOT_SAFETENSORS = "no safetensors file, or only a part of one"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 8,
        b"\xff" * 64,
        b"PK\x03\x04" + b"\0" * 100,
        packed(b"{"),
        packed(b"\xff\xfe"),
        packed(b"[" * 100_000),
        packed(b'{"a":' * 100_000),
        (2**62).to_bytes(8, "little") + b"{}",
        packed({"a": {"dtype": "F32", "shape": [2**50], "data_offsets": [0, 2**52]}}),
        packed({"a": {"dtype": "F32", "shape": [2**32, 2**32], "data_offsets": [0, 0]}}),
        packed({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, b"\0" * 4),
        packed({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, b"\0" * 4),
        packed({"__metadata__": {KEY: 1}}),
    ],
)
def test_what_is_no_safetensors_file_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=NOT_SAFETENSORS):
        read_weights(data)


def test_a_pickle_is_refused_unread() -> None:
    opened = []

    class Bomb:
        def __reduce__(self) -> tuple:
            return opened.append, (1,)

    for data in (pickle.dumps(Bomb()), pickle.dumps({"weights": Bomb()}, protocol=0)):
        with pytest.raises(ValueError, match=NOT_SAFETENSORS):
            read_weights(data)
    assert opened == []


@pytest.mark.parametrize(
    "data",
    [
        packed({}),
        packed({"__metadata__": {}}),
        packed({"__metadata__": {"format": "pt"}}),
        packed(b'{"__metadata__":null}'),
        packed({"a": {"dtype": "F32", "shape": [0, 2**60], "data_offsets": [0, 0]}}),
        save({"a": torch.ones(2)}),
    ],
)
def test_somebody_elses_safetensors_file_is_told_apart(data: bytes) -> None:
    with pytest.raises(ValueError, match="Headlight didn't write this file"):
        read_weights(data)


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    # A valid one, but for its size.
    data = save({"a": torch.zeros(LARGEST_FILE // 4)}, {KEY: "{}"})
    with pytest.raises(ValueError, match=r"and trained weights have 5,242,880 at most"):
        read_weights(data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no JSON that can be read"),
        ("{", "no JSON that can be read"),
        ("[" * 100_000, "no JSON that can be read"),
        ('{"a":' * 60_000, "no JSON that can be read"),
        ('{"version": ' + "9" * 100_000 + "}", "no JSON that can be read"),
        ("[1, 2]", "must be a JSON object"),
        ("null", "must be a JSON object"),
        ("NaN", "must be a JSON object"),
        ("{}", "another version of Headlight: expected 1"),
    ],
)
def test_a_configuration_that_is_none_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_weights(with_text(text))


@matrix(
    10,
    ("changes", "message"),
    [
        ({"version": 2}, "another version"),
        ({"version": True}, "another version"),
        ({"version": "1"}, "another version"),
        ({"author": "me"}, "the configuration has 'author', which nothing here is called"),
        ({"plan": []}, "the plan must be a JSON object"),
        ({"plan": {}}, "the plan lacks 'corpus'"),
        ({"plan__momentum": 0.9}, "the plan has 'momentum'"),
        ({"plan__" + "x" * 10_000: 0.9}, "the plan has 'x{100}',"),
        ({"plan__heads": True}, "heads must be a whole number"),
        ({"plan__heads": "2"}, "heads must be a whole number"),
        ({"plan__heads": 2.0}, "heads must be a whole number"),
        ({"plan__heads": None}, "heads must be a whole number"),
        ({"plan__heads": 10**4000}, "heads must lie between -9007199254740992 and"),
        ({"plan__heads": 9}, "heads must lie between 1 and 8, got 9"),
        ({"plan__heads": 3}, "embed_size 4 is not divisible by 3 heads"),
        ({"plan__embed_size": 2**52}, "embed_size must lie between 2 and 128"),
        ({"plan__embed_size": 128, "plan__layers": 4, "plan__task": "sort"}, "would have"),
        ({"plan__seed": -1}, "seed must lie between 0"),
        ({"plan__learning_rate": "fast"}, "learning_rate must be a number"),
        ({"plan__learning_rate": False}, "learning_rate must be a number"),
        ({"plan__learning_rate": float("nan")}, "learning_rate must lie between"),
        ({"plan__learning_rate": float("inf")}, "learning_rate must lie between"),
        ({"plan__learning_rate": 10**400}, "learning_rate must lie between"),
        ({"plan__task": "translate"}, "task must be one of"),
        ({"plan__task": "x" * 101}, "task must have 100 characters at most"),
        ({"plan__task": ["sort"]}, "task must be a text"),
        ({"plan__positions": "absolute"}, "positions must be one of"),
        ({"plan__scale": {}}, "scale must be a text"),
        ({"plan__corpus": 1}, "corpus must be a text"),
        ({"plan__corpus": "x" * 20_001}, "the corpus has 20,001 characters"),
        ({"plan__corpus": "short", "plan__task": "characters"}, "the text has 5 characters"),
        ({"plan__task": "reverse"}, "the symbols aren't those of the task 'reverse'"),
        ({"symbols": None}, "the symbols aren't those of the task 'compare'"),
        ({"symbols": [*"1023456789+-"]}, "the symbols aren't those of the task 'compare'"),
        ({"snapshot": None}, "the snapshot must be a JSON object"),
        ({"snapshot__weights": ""}, "the snapshot has 'weights'"),
        ({"snapshot__step": 4}, "step must lie between 0 and 3, got 4"),
        ({"snapshot__step": -1}, "step must lie between 0 and 3, got -1"),
        ({"snapshot__step": 1.5}, "step must be a whole number"),
        ({"snapshot__loss": float("nan")}, "loss must lie between 0 and inf, got nan"),
        ({"snapshot__loss": float("inf")}, "loss must lie between 0 and inf, got inf"),
        ({"snapshot__loss": -0.5}, "loss must lie between"),
        ({"snapshot__accuracy": 1.01}, "accuracy must lie between 0 and 1, got 1.01"),
        ({"snapshot__accuracy": True}, "accuracy must be a number"),
    ],
)
def test_a_value_that_does_not_fit_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_weights(told(**changes))


QUERIES = "stack.layers.0.attention.queries.weight"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.clear(), "the file lacks 'stack."),
        (lambda t: t.pop(QUERIES), f"the file lacks '{QUERIES}'"),
        (lambda t: t.update(more=torch.ones(1)), "the file has 'more'"),
        (
            lambda t: t.update({QUERIES: torch.ones(4, 5)}),
            rf"{QUERIES} must be of shape \(4, 4\) and type F32, got \(4, 5\) and F32",
        ),
        (lambda t: t.update({QUERIES: torch.ones(16)}), r"got \(16,\) and F32"),
        (lambda t: t.update({QUERIES: torch.ones(0, 2**40)}), r"got \(0, 1099511627776\)"),
        (lambda t: t.update({QUERIES: t[QUERIES].double()}), r"got \(4, 4\) and F64"),
        (lambda t: t.update({QUERIES: t[QUERIES].half()}), r"got \(4, 4\) and F16"),
        (lambda t: t.update({QUERIES: t[QUERIES].view(torch.int32)}), "and I32"),
        (lambda t: t[QUERIES][1].fill_(torch.nan), f"{QUERIES} has weights that are no finite"),
        (lambda t: t[QUERIES][3, 3].fill_(-torch.inf), f"{QUERIES} has weights that are no fin"),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(
    change: Callable[[dict[str, Tensor]], object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read_weights(with_tensors(change))


def test_weights_of_another_plan_are_refused() -> None:
    for other in (small("compare", layers=2), small("compare", embed_size=8), small("sort")):
        weights = save(Learner(replace(other, steps=3)).state_dict())
        with pytest.raises(ValueError, match=r"lacks|has|must be of shape"):
            read_weights(write_weights(trained()[0], replace(trained()[1], weights=weights)))


# Whatever a file holds, it is read or it is a ValueError


@cache
def whole() -> bytes:
    return write_weights(*trained())


def read_or_refuse(data: bytes) -> None:
    try:
        plan, snapshot = read_weights(data)
    except ValueError as error:
        message = str(error)
    else:
        load_learner(plan, snapshot.weights)(plan.learnt.held_out(1))
        assert read_weights(write_weights(plan, snapshot)) == (plan, snapshot)
        return
    assert 10 < len(message) < 500


@given(data=st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    read_or_refuse(data)


@given(header=st.binary(max_size=200) | st.text(max_size=200).map(str.encode), rest=st.binary())
def test_any_header(header: bytes, rest: bytes) -> None:
    read_or_refuse(packed(header, rest))


@given(part=st.floats(0, 1, exclude_max=True))
def test_any_part_of_a_file(part: float) -> None:
    with pytest.raises(ValueError, match=NOT_SAFETENSORS):
        read_weights(whole()[: int(part * len(whole()))])


@given(more=st.binary(min_size=1, max_size=20))
def test_a_file_with_more_after_its_end(more: bytes) -> None:
    with pytest.raises(ValueError, match=NOT_SAFETENSORS):
        read_weights(whole() + more)


@examples(500)
@given(
    places=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=4),
    value=st.integers(0, 255) | st.sampled_from(list(b'0123456789[]{}",:-+.eE ')),
)
def test_a_file_with_other_bytes_here_and_there(places: list[float], value: int) -> None:
    data = bytearray(whole())
    for place in places:
        data[int(place * len(data))] = value
    read_or_refuse(bytes(data))


@given(bit=st.integers(0), data=st.data())
def test_a_flipped_bit(bit: int, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(whole()) - 1))
    flipped = bytearray(whole())
    flipped[place] ^= 1 << bit % 8
    read_or_refuse(bytes(flipped))


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**31, 2**53, 2**63, 2**64, -(2**63), 10**400])
    | st.floats()
    | st.text()
    | st.sampled_from(["nan", "1", "sort", "\ud800", "\0"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
PATHS = [
    *("version", "plan", "symbols", "snapshot", "more", "plan__more", "snapshot__more"),
    *(f"plan__{name}" for name in PLAN_TYPES),
    *(f"snapshot__{name}" for name in SNAPSHOT_TYPES),
]


@examples(400)
@given(path=st.sampled_from(PATHS), value=anything)
def test_anything_in_place_of_a_value(path: str, value: object) -> None:
    read_or_refuse(told(**{path: value}))


@given(about=anything)
def test_any_json_in_place_of_a_configuration(about: object) -> None:
    read_or_refuse(with_text(json.dumps(about)))
