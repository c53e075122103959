"""The code of a trained model gives the app's numbers, by way of transformers."""

from dataclasses import replace
from pathlib import Path

import pytest

from model.pretrained.base import ModelUnavailableError
from tests.model.pretrained.tiny_models import saved
from tests.ui.scripts.running import Runner
from ui.runs.model_store import model_of
from ui.runs.pretrained import PretrainedSettings, compute_pretrained
from ui.runs.subword_display import SubwordDisplay
from ui.scripts.pretrained import PACKAGES, pretrained_script
from ui.scripts.script import Where

CLOSE = 1e-4  # two ways through a model: other orders of sums, in up to 30 layers
HERE = Where()
TWO = ("An unbelievable cat sat.", "A dog")
REQUIREMENTS = Path(__file__).parents[3] / "requirements-models.txt"


def script(settings: PretrainedSettings, where: Where = HERE) -> str:
    return pretrained_script(compute_pretrained(settings), where).python("x.py")


def needs(model: str) -> None:
    try:
        model_of(model)
    except ModelUnavailableError as error:
        pytest.skip(str(error))


def test_minilm_gives_the_numbers_of_every_option(
    with_transformers: Runner, tmp_path: Path
) -> None:
    needs("minilm")
    one = PretrainedSettings("minilm", TWO[:1])
    two = PretrainedSettings("minilm", TWO)
    removed = frozenset({(1, 2), (1, 3), (4, 0)})
    hidden = SubwordDisplay(show_special=False, show_first=False)
    sources = {
        "one": script(one, Where(layer=5)),
        "two": script(two, Where(layer=3, sentence=1)),
        "together": script(replace(two, together=True), Where(layer=2)),
        "removed": script(replace(one, removed=removed), Where(layer=5)),
        "merged": script(replace(one, display=SubwordDisplay(merge_words=True))),
        "hidden": script(replace(two, display=hidden), Where(sentence=1)),
        "all": script(
            replace(
                two, together=True, display=replace(hidden, merge_words=True, renormalise=True)
            ),
            Where(layer=1),
        ),
    }
    for name, (difference, _said) in with_transformers.run(sources, tmp_path).items():
        assert difference <= CLOSE, name


@pytest.mark.matrix
def test_smollm2_gives_the_numbers(with_transformers: Runner, tmp_path: Path) -> None:
    needs("smollm2")
    settings = PretrainedSettings("smollm2", TWO[:1], added=(260, 5), removed=frozenset({(1, 2)}))
    sources = {"smollm2": script(settings, Where(layer=20))}
    ((difference, _said),) = with_transformers.run(sources, tmp_path).values()
    assert difference <= CLOSE


def test_a_model_of_the_owners_is_named_and_its_path_is_not(
    with_transformers: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("bert", "llama", "gpt2", "t5")
    folders = {name: saved(tmp_path / "secret", name) for name in names}
    monkeypatch.setenv("HEADLIGHT_MODELS", ",".join(map(str, folders.values())))
    sources = {}
    for name, folder in folders.items():
        removed = frozenset({(1, 0), (1, 2)})
        texts = ("w5 w6 w7", "w8 w9") if name in ("bert", "t5") else ("w5 w6 w7 w8",)
        settings = PretrainedSettings(folder.name, texts, removed=removed)
        kind = "cross" if name == "t5" else "encoder_self"
        source = script(settings, Where(kind=kind, layer=1))
        assert "secret" not in source
        assert f'NAME = "{folder.name}"' in source
        assert "python x.py FOLDER" in source
        # What the reader is asked to type.
        sources[name] = source.replace('OF_YOURS = ""', f"OF_YOURS = {str(folder)!r}")
    for name, (difference, _said) in with_transformers.run(sources, tmp_path).items():
        assert difference <= 1e-5, name


def test_the_packages_are_those_of_the_app() -> None:
    listed = REQUIREMENTS.read_text(encoding="utf-8")
    assert [package for package in PACKAGES.values() if package not in listed] == []
