"""Whether steps fit a classroom's screen, as `python -m lessons check` looks at them."""

from pathlib import Path

import pytest

from lessons import screen
from lessons.__main__ import look
from lessons.screen import NoBrowserError

FITS = """
title = "Fits"
about = "One step that fits"
minutes = 1

[[step]]
heading = "A question"
text = "Who looks at whom?"
state = "explore?text=the+cat+sat&heads=1&head=0"

  [step.question]
  kind = "word"
  ask = "At which word does “{query}” look most?"
  answer = "largest_key"
"""
EVERY_CONTROL = """controls = [
    "text", "heads", "embed_size", "layers", "mask", "positions", "scale", "temperature", "seed",
    "stage", "head", "q", "k",
]

  [step.question]"""


@pytest.mark.matrix
@pytest.mark.browser
def test_a_step_that_scrolls_is_named_and_one_that_fits_isnt(tmp_path: Path) -> None:
    fits, scrolls = tmp_path / "fits.toml", tmp_path / "scrolls.toml"
    fits.write_text(FITS, encoding="utf-8")
    scrolls.write_text(FITS.replace("  [step.question]", EVERY_CONTROL), encoding="utf-8")
    assert look(fits) == []
    before, after = look(scrolls)
    assert before.startswith(f"{scrolls}: step 1: is ")
    assert after.startswith(f"{scrolls}: step 1, revealed: is ")
    assert after.endswith(" pixels higher than a screen of 1366 × 768")


def test_without_a_browser_it_is_said_that_nobody_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "fits.toml"
    path.write_text(FITS, encoding="utf-8")
    monkeypatch.setenv("HEADLIGHT_CHROMIUM", str(tmp_path / "none"))
    with pytest.raises(NoBrowserError, match="No Chromium"):
        look(path)


def test_a_translation_is_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "find_what_scrolls", None)
    assert look(tmp_path / "fits.zh.toml") == []
