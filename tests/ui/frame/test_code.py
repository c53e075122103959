"""The code in the app: shown when it is asked for, with its files, on each page with a run."""

import io
import json
import zipfile

from streamlit.testing.v1 import AppTest

from tests.ui.conftest import Download
from tests.ui.helpers import checked, link, open_app, open_popovers
from tests.ui.pages.learn.helpers import SMALL, finish, open_learn, press
from tests.ui.pages.pretrained.helpers import needs_minilm


def ask(at: AppTest) -> AppTest:
    """Press the button, in whatever popover it is."""
    open_popovers(at)
    (button,) = [each for each in at.button if each.key == "show_code"]
    button.click()
    return checked(at.run())


def code_of(at: AppTest) -> str:
    (code,) = [each.value for each in at.code if each.language == "python"]
    return str(code)


def test_explore_shows_the_code_of_what_is_chosen_and_only_then() -> None:
    at = open_app(link(heads=2, text="a b", mask="causal", seed=7))
    assert not [each for each in at.code if each.language == "python"]
    code = code_of(ask(at))
    for line in ('SENTENCES = [["a", "b"]]  # as tokens', "SEED = 7", "HEADS = 2"):
        assert line in code
    assert "/explore?" in code
    assert "allowed = back >= 0" in code
    at.run()  # whatever comes next closes it
    assert not [each for each in at.code if each.language == "python"]


def test_the_popover_closes_as_the_code_opens() -> None:
    at = ask(open_app())
    assert not at.session_state["download_popover"]
    assert "show_code" not in [each.key for each in at.button]


def test_encoder_decoder_shows_the_code_of_the_chosen_attention() -> None:
    at = open_app(link(view="heads", kind="cross", layer=1), path="encoder-decoder")
    code = code_of(ask(at))
    assert 'KIND = "cross"' in code
    assert "LAYER = 1  #" in code


@needs_minilm
def test_pretrained_shows_the_code_of_its_model() -> None:
    code = code_of(ask(open_app(link(text="hello", layer=2), path="pretrained")))
    assert '("hello", 7592)' in code
    assert "LAYER = 2  #" in code


def test_learn_shows_the_code_of_the_snapshot_that_is_shown() -> None:
    at = open_learn(**SMALL)
    press(at, "train")
    finish(at)
    code = code_of(ask(at))
    assert f"STEPS = {SMALL['steps']}  #" in code
    assert f"STOP = {SMALL['steps']}  #" in code


def test_compare_shows_the_code_of_both_sides() -> None:
    at = ask(open_app(link(a="explore?heads=2", b="encoder-decoder?heads=4"), path="compare"))
    a, b = (str(each.value) for each in at.code if each.language == "python")
    assert "HEADS = 2  #" in a
    assert "HEADS = 4  #" in b
    assert "/explore?heads=2\n" in a
    assert [tab.label for tab in at.tabs] == ["A", "B"]


def test_nothing_typed_has_no_code() -> None:
    at = ask(open_app(link(text="")))
    assert not [each for each in at.code if each.language == "python"]
    assert "There are no numbers yet that code could reproduce." in [x.value for x in at.info]


def test_a_text_that_no_plan_can_be_made_of_has_no_code() -> None:
    at = ask(open_app(link(a="explore?text=", b="explore?text="), path="compare"))
    said = [each.value for each in at.info]
    assert said.count("There are no numbers yet that code could reproduce.") == 2


def test_the_notebook_comes_with_the_trace(download: Download) -> None:
    at = ask(open_app(link(heads=2)))
    name, data = download("download_notebook_")
    assert name == "headlight_code_2_heads.zip"
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        notebook = json.loads(file.read("headlight_code_2_heads/headlight_code_2_heads.ipynb"))
        assert file.read("headlight_code_2_heads/trace.npz").startswith(b"PK")
    assert notebook["nbformat"] == 4
    assert checked(at)
