"""Trained weights as a file, and back: one safetensors file that says what it holds.

A file comes from anybody. It is read as numbers and text alone, never as a pickle, and what it
claims is checked before memory is taken for it.
"""

import json
import math
from collections.abc import Mapping, Set
from dataclasses import asdict, fields
from typing import Any

import torch
from safetensors import SafetensorError, deserialize
from safetensors.torch import load, save

from model.training.learner import Learner
from model.training.plan import Plan
from model.training.trainer import Snapshot

KEY = "headlight"  # in the file's metadata, of the configuration as JSON
VERSION = 1
LARGEST_FILE = 5 * 2**20  # bytes: more than twice the weights of the largest model
LARGEST_HEADER = 2**19  # bytes: twice that of the longest corpus, each of its characters escaped
LARGEST_NUMBER = 2**53  # of whole ones: they are floats in many a reader of JSON
LONGEST_NAME = 100  # characters: of all texts the corpus alone is longer

PLAN_TYPES = {
    field.name: field.type if isinstance(field.type, type) else str  # a Literal's values are texts
    for field in fields(Plan)
}
SNAPSHOT_TYPES = {"step": int, "loss": float, "accuracy": float}
TYPE_NAMES = {int: "a whole number", float: "a number", str: "a text"}


def configuration(plan: Plan, snapshot: Snapshot) -> dict[str, Any]:
    """What a file says about its weights, for JSON: the whole plan, and how far it had come.

    With the symbols, each at the place of its id: what a corpus gives, or a task, may change.
    """
    return {
        "version": VERSION,
        "plan": asdict(plan),
        "symbols": list(plan.learnt.symbols),
        "snapshot": {name: getattr(snapshot, name) for name in SNAPSHOT_TYPES},
    }


def write_weights(plan: Plan, snapshot: Snapshot) -> bytes:
    """A safetensors file of a snapshot's weights, with its configuration in the metadata."""
    text = json.dumps(configuration(plan, snapshot), allow_nan=False)
    return save(load(snapshot.weights), {KEY: text})


def read_weights(data: bytes) -> tuple[Plan, Snapshot]:
    """The plan and the snapshot that a file was written of, equal to them in every bit.

    Raises:
        ValueError: if the file isn't one of write_weights, or isn't whole; says what is wrong.
    """
    if len(data) > LARGEST_FILE:
        raise ValueError(
            f"the file has {len(data):,} bytes, and trained weights have {LARGEST_FILE:,} at most"
        )
    header = int.from_bytes(data[:8], "little")
    if LARGEST_HEADER < header <= len(data):  # of tens of thousands of tensors, perhaps
        raise ValueError(
            f"the file's header has {header:,} bytes, and that of trained weights has "
            f"{LARGEST_HEADER:,} at most"
        )
    try:
        # It looks at all sizes before it takes memory.
        found = dict(deserialize(data))  # type: ignore[no-untyped-call]
    except SafetensorError:
        raise ValueError("the file is no safetensors file, or only a part of one") from None
    plan, about = _read_configuration(data)
    _check_tensors(found, Learner(plan))
    weights = load(data)
    for name, weight in weights.items():
        if not torch.isfinite(weight).all():
            raise ValueError(f"{name} has weights that are no finite numbers")
    return plan, Snapshot(**about, weights=save(weights))


def _read_configuration(data: bytes) -> tuple[Plan, dict[str, Any]]:
    """The plan, and what there is in a snapshot but for its weights."""
    size = int.from_bytes(data[:8], "little")
    metadata = _parsed(data[8 : 8 + size]).get("__metadata__")
    text = metadata.get(KEY) if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise ValueError(f"Headlight didn't write this file: its metadata has no {KEY!r}")
    told = _parsed(text)
    version = told.get("version")
    if type(version) is not int or version != VERSION:
        raise ValueError(f"the file is of another version of Headlight: expected {VERSION}")
    _check_names("the configuration", told, {"version", "plan", "symbols", "snapshot"})
    plan = Plan(**_checked("plan", told["plan"], PLAN_TYPES))
    if told["symbols"] != list(plan.learnt.symbols):
        raise ValueError(f"the symbols aren't those of the task {plan.task!r}, as it is here")
    about = _checked("snapshot", told["snapshot"], SNAPSHOT_TYPES)
    for name, most in (("step", plan.steps), ("loss", math.inf), ("accuracy", 1)):
        if not (0 <= about[name] <= most and math.isfinite(about[name])):
            raise ValueError(f"{name} must lie between 0 and {most}, got {about[name]}")
    return plan, about


def _parsed(text: bytes | str) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):  # so many brackets, one in the other
        raise ValueError("the file's configuration is no JSON that can be read") from None
    if not isinstance(parsed, dict):
        raise ValueError("the file's configuration must be a JSON object")
    return parsed


def _checked(what: str, told: object, types: Mapping[str, type]) -> dict[str, Any]:
    """An object with exactly these fields, of these types; a whole number is a number too."""
    if not isinstance(told, dict):
        raise ValueError(f"the {what} must be a JSON object")
    _check_names(f"the {what}", told, types.keys())
    checked = {}
    for name, wanted in types.items():
        value = told[name]
        whole = type(value) is int  # True isn't
        if type(value) is not wanted and not (whole and wanted is float):
            raise ValueError(f"{name} must be {TYPE_NAMES[wanted]}")
        if whole and abs(value) > LARGEST_NUMBER:
            raise ValueError(f"{name} must lie between -{LARGEST_NUMBER} and {LARGEST_NUMBER}")
        if wanted is str and name != "corpus" and len(value) > LONGEST_NAME:
            raise ValueError(f"{name} must have {LONGEST_NAME} characters at most")
        checked[name] = wanted(value)
    return checked


def _check_tensors(found: Mapping[str, Any], learner: Learner) -> None:
    """Raise ValueError unless a file's tensors have the names, types and shapes of the model's."""
    expected = learner.state_dict()
    _check_names("the file", found, expected.keys())
    for name, weight in expected.items():
        wanted, got = tuple(weight.shape), tuple(found[name]["shape"])
        if got != wanted or found[name]["dtype"] != "F32":
            raise ValueError(
                f"{name} must be of shape {wanted} and type F32, "
                f"got {str(got)[:LONGEST_NAME]} and {found[name]['dtype']}"
            )


def _check_names(what: str, found: Mapping[str, Any], expected: Set[str]) -> None:
    """Raise ValueError unless these names are found, and no others; names the first."""
    for name in sorted(expected - found.keys()):
        raise ValueError(f"{what} lacks {name!r}")
    for name in sorted(found.keys() - expected):
        raise ValueError(f"{what} has {name[:LONGEST_NAME]!r}, which nothing here is called")
