"""The character model: windows, what is held out, and which characters there are."""

import unicodedata
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.tasks import characters, task_of
from model.tasks.characters import DEFAULT_CORPUS, MOST_CHARACTERS, Characters, tidy
from tests.model.tasks.helpers import draw

TEXT = "Zoë said: it is a text, and not a long one. " * 12


def test_what_comes_next() -> None:
    example = Characters(TEXT).example("text")
    assert example.inputs == ("t", "e", "x", "t")
    assert example.targets == ("e", "x", "t", None)


def test_symbols_are_the_texts_own_in_their_order() -> None:
    task = task_of("characters", "cab A\nbc" * 40)
    assert task.symbols == (" ", "A", "a", "b", "c")
    assert task.probe == ("cab A bc" * 40)[:32]
    assert Characters().symbols == tuple(sorted(set(tidy(DEFAULT_CORPUS).strip())))
    assert task_of("characters").symbols == Characters(DEFAULT_CORPUS).symbols


def test_the_texts_own_page_is_long_enough_to_learn_from() -> None:
    assert 1500 < len(DEFAULT_CORPUS) < 2500
    assert Characters().probe == "The keeper of the lighthouse had"
    assert not Characters().dropped


def test_spaces_and_case_stay_and_line_breaks_become_spaces() -> None:
    assert Characters(TEXT).split("Zoe\u0308\r\n\tsaid ") == tuple("Zoë said ")
    assert len(Characters("ab\n\n" * 100).read) + len(Characters("ab\n\n" * 100).unread) == 299


@given(seed=st.integers(0, 2**40))
def test_windows_are_of_the_text_and_answered_by_what_follows(seed: int) -> None:
    task = Characters(TEXT)
    text = tidy(TEXT).strip()
    for batch in (draw(task, 4, seed), task.held_out(4)):
        for row in range(4):
            window = "".join(task.symbols[i] for i in batch.inputs[row])
            following = task.symbols[batch.targets[row, -1]]
            assert window + following in text
            plain = task.example(window + following)
            assert plain.targets[:-1] == tuple(task.symbols[i] for i in batch.targets[row])


@pytest.mark.parametrize(("length", "held_out"), [(200, 33), (330, 33), (1000, 100)])
def test_the_last_tenth_is_never_drawn(length: int, held_out: int) -> None:
    task = Characters("a" * (length - held_out) + "z" * held_out)
    a, z = task.encode(["a", "z"]).tolist()
    drawn, unseen = draw(task, 2000), task.held_out(64)
    assert {*drawn.inputs.unique().tolist(), *drawn.targets.unique().tolist()} == {a}
    assert {*unseen.inputs.unique().tolist(), *unseen.targets.unique().tolist()} == {z}


def test_windows_begin_everywhere() -> None:
    task = Characters("".join(map(chr, range(0x4E00, 0x4E00 + 100))) * 3)
    assert draw(task, 5000).inputs[:, 0].unique().numel() == 100
    # 300 characters, of which the last 33 are held out: 235 windows end before them.
    assert len(task.read) - task.length == 235
    assert task.held_out(3).inputs[:, 0].unique().numel() == 1  # 33 have room for one window
    assert torch.equal(task.held_out(1).inputs[0], task.unread[:-1])


def test_held_out_windows_are_spread_evenly() -> None:
    task = Characters("".join(map(chr, range(0x4E00, 0x4E00 + 100))) * 10)
    # 100 characters, so windows begin at the first 68 of them.
    assert task.held_out(4).inputs[:, 0].tolist() == [0, 17, 34, 51]


def test_too_short_a_text_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^the text has 199 characters, and must have 200 or more"
    ):
        Characters("a" * 199)
    with pytest.raises(ValueError, match=r"^the text has 1 characters"):
        Characters("a" + " " * 300)
    assert Characters("a" * 200).symbols == ("a",)


def test_the_rarest_of_too_many_characters_are_left_out() -> None:
    common = "".join(map(chr, range(0x4E00, 0x4E00 + MOST_CHARACTERS)))
    task = Characters(common + "xyz" + common)
    assert task.symbols == tuple(common)
    assert task.dropped == ("x", "y", "z")
    assert len(task.read) + len(task.unread) == 2 * MOST_CHARACTERS


def test_too_many_characters_must_leave_enough_of_the_text() -> None:
    with pytest.raises(ValueError, match=r"^without its rarest characters the text has 128"):
        Characters("".join(map(chr, range(0x4E00, 0x4E00 + 250))))


def test_unknown_characters_are_named() -> None:
    with pytest.raises(ValueError, match=r"^'q', 'Ж' can't be read, .*; leave it out"):
        Characters(TEXT).split("a qЖq")


@given(text=st.text(min_size=200, max_size=300))
def test_any_text_is_learnt_from_or_refused(text: str) -> None:
    try:
        task = Characters(text)
    except ValueError:
        return
    assert draw(task, 2).inputs.shape == task.held_out(2).inputs.shape == (2, 32)
    assert task.split(task.probe) == tuple(task.probe)
    assert all(unicodedata.is_normalized("NFC", symbol) for symbol in task.symbols)


class Counted(str):
    """A character that counts how often it is compared."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


@pytest.mark.parametrize("count", [1000, 2000])
def test_each_character_is_compared_a_few_times_only(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not with all those that are left out."""
    different = [chr(0x4E00 + i) for i in range(count)]
    text = SimpleNamespace(strip=lambda: list(map(Counted, different * 2)))
    monkeypatch.setattr(characters, "tidy", lambda corpus: text)
    Counted.compared = 0
    task = Characters("a text")
    assert task.dropped == tuple(different[MOST_CHARACTERS:])
    assert Counted.compared < 5 * 2 * count


def test_the_largest_text_of_all_different_characters_is_refused() -> None:
    text = "".join(map(chr, range(0x20000, 0x20000 + 20_000)))
    with pytest.raises(ValueError, match=r"^without its rarest characters the text has 128 char"):
        Characters(text)
    kept = Characters("a" * 300 + text[:-300])
    assert len(kept.dropped) == 19_700 - (MOST_CHARACTERS - 1)
    assert kept.symbols[:2] == ("a", "\U00020000")
