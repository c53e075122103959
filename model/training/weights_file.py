"""Trained weights as a file, and back: one safetensors file that says what it holds.

A file comes from anybody. It is read as numbers and text alone, never as a pickle, and what it
claims is checked before memory is taken for it.
"""

import json
import math
from collections.abc import Mapping, Set
from dataclasses import asdict, fields
from typing import Any, Literal

import torch
from safetensors import SafetensorError, deserialize
from safetensors.torch import load, save

from ..errors import CodedValueError
from .learner import Learner
from .plan import Plan
from .trainer import Snapshot

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


def configuration(plan: Plan, snapshot: Snapshot) -> dict[str, Any]:
    """Return what a file says about its weights, for JSON: the plan, and how far it had come.

    With the symbols, each at the place of its id: what a corpus gives, or a task, may change.
    """
    return {
        "version": VERSION,
        "plan": asdict(plan),
        "symbols": list(plan.learnt.symbols),
        "snapshot": {name: getattr(snapshot, name) for name in SNAPSHOT_TYPES},
    }


def write_weights(plan: Plan, snapshot: Snapshot) -> bytes:
    """Write a snapshot's weights as a safetensors file, with the configuration as metadata."""
    text = json.dumps(configuration(plan, snapshot), allow_nan=False)
    return save(load(snapshot.weights), {KEY: text})


def read_weights(data: bytes) -> tuple[Plan, Snapshot]:
    """Read the plan and the snapshot that a file was written of, equal to them in every bit.

    Raises:
        ValueError: if the file isn't one of write_weights, or isn't whole; says what is wrong.
    """
    if len(data) > LARGEST_FILE:
        raise CodedValueError(
            "file.too_large",
            "the file has {count:,} bytes, and trained weights have {most:,} at most",
            count=len(data),
            most=LARGEST_FILE,
        )
    header = int.from_bytes(data[:8], "little")
    if LARGEST_HEADER < header <= len(data):  # of tens of thousands of tensors, perhaps
        raise CodedValueError(
            "file.large_header",
            "the file's header has {count:,} bytes, and that of trained weights has {most:,} at "
            "most",
            count=header,
            most=LARGEST_HEADER,
        )
    try:
        # It looks at all sizes before it takes memory.
        found = dict(deserialize(data))  # type: ignore[no-untyped-call]
    except SafetensorError:
        raise CodedValueError(
            "file.no_safetensors", "the file is no safetensors file, or only a part of one"
        ) from None
    plan, about = _read_configuration(data)
    _check_tensors(found, Learner(plan))
    weights = load(data)
    for name, weight in weights.items():
        if not torch.isfinite(weight).all():
            raise CodedValueError(
                "file.not_finite", "{name} has weights that are no finite numbers", name=name
            )
    return plan, Snapshot(**about, weights=save(weights))


def _read_configuration(data: bytes) -> tuple[Plan, dict[str, Any]]:
    """The plan, and what there is in a snapshot but for its weights."""
    size = int.from_bytes(data[:8], "little")
    metadata = _parsed(data[8 : 8 + size]).get("__metadata__")
    text = metadata.get(KEY) if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise CodedValueError(
            "file.not_ours",
            "Headlight didn't write this file: its metadata has no {key!r}",
            key=KEY,
        )
    told = _parsed(text)
    version = told.get("version")
    if type(version) is not int or version != VERSION:
        raise CodedValueError(
            "file.other_version",
            "the file is of another version of Headlight: expected {version}",
            version=VERSION,
        )
    _check_names("configuration", told, {"version", "plan", "symbols", "snapshot"})
    plan = Plan(**_checked("plan", told["plan"], PLAN_TYPES))
    if told["symbols"] != list(plan.learnt.symbols):
        raise CodedValueError(
            "file.other_symbols",
            "the symbols aren't those of the task {task!r}, as it is here",
            task=plan.task,
        )
    about = _checked("snapshot", told["snapshot"], SNAPSHOT_TYPES)
    for name, most in (("step", plan.steps), ("loss", math.inf), ("accuracy", 1)):
        if not (0 <= about[name] <= most and math.isfinite(about[name])):
            raise CodedValueError(
                "file.impossible",
                "{name} must lie between 0 and {most}, got {value}",
                name=name,
                most=most,
                value=about[name],
            )
    return plan, about


def _parsed(text: bytes | str) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):  # so many brackets, one in the other
        raise CodedValueError(
            "file.no_json", "the file's configuration is no JSON that can be read"
        ) from None
    if not isinstance(parsed, dict):
        raise CodedValueError("file.no_object", "the file's configuration must be a JSON object")
    return parsed


def _checked(
    part: Literal["plan", "snapshot"], told: object, types: Mapping[str, type]
) -> dict[str, Any]:
    """Return the plan or the snapshot, with exactly these fields, of these types."""
    if not isinstance(told, dict):
        raise CodedValueError("file.part_no_object", "the {part} must be a JSON object", part=part)
    _check_names(part, told, types.keys())
    return {name: _checked_value(name, told[name], wanted) for name, wanted in types.items()}


def _checked_value(name: str, value: Any, wanted: type) -> Any:
    """Return a value of the wanted type; a whole number is a number too."""
    whole = type(value) is int  # True isn't
    if type(value) is not wanted and not (whole and wanted is float):
        raise _of_another_type(name, wanted)
    if whole and abs(value) > LARGEST_NUMBER:
        raise CodedValueError(
            "file.large_number",
            "{name} must lie between -{most} and {most}",
            name=name,
            most=LARGEST_NUMBER,
        )
    if wanted is str and name != "corpus" and len(value) > LONGEST_NAME:
        raise CodedValueError(
            "file.long_text",
            "{name} must have {most} characters at most",
            name=name,
            most=LONGEST_NAME,
        )
    return wanted(value)


def _of_another_type(name: str, wanted: type) -> CodedValueError:
    if wanted is int:
        return CodedValueError("file.no_whole_number", "{name} must be a whole number", name=name)
    if wanted is float:
        return CodedValueError("file.no_number", "{name} must be a number", name=name)
    return CodedValueError("file.no_text", "{name} must be a text", name=name)


def _check_tensors(found: Mapping[str, Any], learner: Learner) -> None:
    """Raise ValueError unless a file's tensors have the names, types and shapes of the model's."""
    expected = learner.state_dict()
    _check_names("file", found, expected.keys())
    for name, weight in expected.items():
        wanted, got = tuple(weight.shape), tuple(found[name]["shape"])
        if got != wanted or found[name]["dtype"] != "F32":
            raise CodedValueError(
                "file.other_shape",
                "{name} must be of shape {wanted} and type F32, got {got} and {dtype}",
                name=name,
                wanted=str(wanted),
                got=str(got)[:LONGEST_NAME],
                dtype=found[name]["dtype"],
            )


def _check_names(part: str, found: Mapping[str, Any], expected: Set[str]) -> None:
    """Raise CodedValueError unless a part has these names, and no others; names the first."""
    for name in sorted(expected - found.keys()):
        raise CodedValueError("file.lacks", "the {part} lacks {name!r}", part=part, name=name)
    for name in sorted(found.keys() - expected):
        raise CodedValueError(
            "file.unknown_name",
            "the {part} has {name!r}, which nothing here is called",
            part=part,
            name=name[:LONGEST_NAME],
        )
