"""A session speaks its own language: chosen by a link or by a person, kept from page to page."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from tests.ui.conftest import Download
from tests.ui.helpers import (
    APP,
    change,
    control,
    go_back,
    go_to,
    memory_of,
    notices,
    open_app,
    value,
)
from tools.translations import write
from ui.link.memory import Session
from ui.text import i18n
from ui.text.i18n import (
    N_,
    _,
    find_language,
    in_this_language,
    language,
    languages,
    ngettext,
    own_name,
    speaking,
)
from ui.text.numbers import decimal, percent, whole
from ui.text.option_names import find_option, word

GERMAN = {
    "Heads": "Köpfe",
    "causal": "kausal",
    "weight": "Gewicht",
    "Explore": "Erkunden",
    "{used}, from {key}": "aus {key}: {used}",
}


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A further folder of catalogues, with one language."""
    catalog = Catalog(locale="de", domain="headlight")
    for text, said in GERMAN.items():
        catalog.add(text, said)
    catalog.add(("{count} head", "{count} heads"), ("{count} Kopf", "{count} Köpfe"))
    catalog.add("Layers", "unsicher", flags=["fuzzy"])
    for folder in ("de", "xx", "no language"):  # of which Babel knows the first
        write(tmp_path / folder / "LC_MESSAGES" / "headlight.po", catalog)
    monkeypatch.setenv("HEADLIGHT_LOCALE", str(tmp_path))
    _forget()
    yield
    _forget()


def _forget() -> None:
    i18n._catalogues.cache_clear()
    i18n.language.cache_clear()


def session_of(at: AppTest) -> Session:
    session: Session = at.session_state["_session"]
    return session


def label(at: AppTest) -> str:
    """What the slider of the heads is called."""
    return str(control(at, "heads").label)


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("zh", "zh"),
        ("ZH", "zh"),
        ("zh-CN", "zh"),
        ("zh_CN", "zh"),
        ("zh-Hans", "zh"),
        ("zh-Hans-CN", "zh"),
        (" zh ", "zh"),
        ("en", "en"),
        ("en-GB", "en"),
        ("EN_us", "en"),
        ("fr", None),
        ("zhx", None),
        ("e", None),
        ("", None),
        ("-", None),
        ("../zh", None),
        ("-" * 100_000, None),
    ],
)
def test_a_tag_means_a_language(tag: str, code: str | None) -> None:
    assert find_language(tag) == code


def test_a_link_chooses_the_language() -> None:
    at = open_app("lang=zh-CN")
    assert label(at) == "头数"
    assert at.query_params["lang"] == "zh"  # as a link holds it


def test_without_a_link_it_is_english_and_no_address_says_so() -> None:
    at = open_app()
    assert label(at) == "Heads"
    assert "lang" not in at.query_params


def test_an_unknown_language_is_english_with_a_notice_and_not_in_the_address() -> None:
    at = open_app("lang=fr&heads=4")
    assert notices(at) == ["The link asks for lang ` fr `; there are: en, zh. Using English."]
    assert label(at) == "Heads"
    assert value(at, "heads") == 4
    assert "lang" not in at.query_params


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("locale", ["de-AT", "zh-CN", None])
def test_a_browser_alone_gets_no_half_page(locale: str | None) -> None:
    at = AppTest.from_file(APP, default_timeout=30)
    assert label(_opened_by(at, locale)) == "Heads"


@pytest.mark.usefixtures("german")
def test_a_browser_gets_its_language_once_all_is_translated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ui.link.language.COMPLETE", frozenset({"en", "de"}))
    at = _opened_by(AppTest.from_file(APP, default_timeout=30), "de-AT")
    assert label(at) == "Köpfe"
    assert "lang" not in at.query_params


def _opened_by(at: AppTest, locale: str | None) -> AppTest:
    """Explore, opened by a browser of this locale."""
    at._page_hash = calc_hash("explore")
    if locale is not None:
        at.context["locale"] = locale
    return at.run()


def test_the_switch_is_one_entry_and_back_undoes_it() -> None:
    at = open_app("heads=4")
    entries = session_of(at).entries
    change(at, lang="zh")
    assert label(at) == "头数"
    assert session_of(at).entries == entries + 1
    assert at.query_params == {"lang": "zh", "heads": "4"}
    go_back(at, "explore", "heads=4")
    assert label(at) == "Heads"
    assert control(at, "lang").value == "en"
    assert at.query_params == {"heads": "4"}


def test_the_language_is_kept_from_page_to_page() -> None:
    at = change(open_app(), lang="zh")
    go_to(at, "lab")
    assert at.button(key="preset_scale").label == "√d 有什么作用？"
    assert at.query_params["lang"] == "zh"
    go_to(at, "missing")
    assert at.info[0].value == "此地址没有页面。"


def test_english_too_is_in_the_link_once_it_is_chosen() -> None:
    at = change(open_app("lang=zh"), lang="en")
    assert label(at) == "Heads"
    assert at.query_params == {"lang": "en"}


def test_what_is_chosen_stays_when_the_language_changes() -> None:
    at = change(open_app("text=a+b"), mask="causal")
    change(at, lang="zh")
    assert control(at, "mask").value == "causal"
    assert control(at, "mask").options[:2] == ["无", "因果"]
    assert at.query_params == {"lang": "zh", "text": "a b", "mask": "causal"}
    assert memory_of(at).values["mask"] == "causal"


def test_two_sessions_at_once_do_not_mix() -> None:
    english, chinese = open_app("text=a"), open_app("text=a&lang=zh")
    for text in ("a b", "a b c"):
        assert label(change(english, text=text)) == "Heads"
        assert label(change(chinese, text=text)) == "头数"


@pytest.mark.usefixtures("german")
def test_threads_have_a_language_each_at_the_same_time() -> None:
    together, said = threading.Barrier(3), dict[str, set[str]]()

    def speak(code: str) -> None:
        with speaking(language(code)):
            together.wait()
            said[code] = {_("Heads") for _time in range(2000)}

    threads = [threading.Thread(target=speak, args=[code]) for code in ("en", "zh", "de")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == {"en": {"Heads"}, "zh": {"头数"}, "de": {"Köpfe"}}
    assert _("Heads") == "Heads"  # here nobody has said anything


@pytest.mark.usefixtures("german")
def test_what_is_done_later_in_another_thread_is_said_in_the_language_of_now() -> None:
    with speaking(language("de")):
        later = in_this_language(lambda: _("Heads"))
    said: list[str] = []
    thread = threading.Thread(target=lambda: said.append(later()))
    thread.start()
    thread.join()
    assert said == ["Köpfe"]


def test_a_download_is_in_the_language_of_who_asked_for_it(download: Download) -> None:
    open_app("text=a+b&lang=zh")
    assert download("download_stage")[1].decode().splitlines()[0].endswith(",权重")
    open_app("text=a+b")
    assert download("download_stage")[1].decode().splitlines()[0].endswith(",weight")


@pytest.mark.usefixtures("german")
def test_languages_are_those_with_a_catalogue_by_their_own_names() -> None:
    assert {code: own_name(code) for code in languages()} == {
        "en": "English",
        "de": "Deutsch",
        "zh": "中文",
    }


@pytest.mark.usefixtures("german")
def test_plurals_missing_and_doubtful_texts() -> None:
    with speaking(language("de")):
        counts = [ngettext("{count} head", "{count} heads", n).format(count=n) for n in (0, 1, 2)]
        assert counts == ["0 Köpfe", "1 Kopf", "2 Köpfe"]
        assert _("Layers") == "Layers"  # fuzzy: nobody has looked at it
        assert _("No such text") == "No such text"
        assert _("") == ""  # for which a catalogue has its header
        assert N_("Heads") == "Heads"


@pytest.mark.usefixtures("german")
def test_numbers_are_written_as_the_language_does() -> None:
    written = [lambda: whole(1234567.4), lambda: decimal(-0.5, 2), lambda: percent(0.1234, 1)]
    assert [each() for each in written] == ["1,234,567", "-0.50", "12.3%"]
    with speaking(language("de")):
        assert [each() for each in written] == ["1.234.567", "-0,50", "12,3\xa0%"]
    assert [each() for each in written] == ["1,234,567", "-0.50", "12.3%"]  # none is kept
    assert percent(float("nan")) == "nan%"
    assert [percent(0.125), percent(0.0125, 1), decimal(2.675, 2)] == ["12%", "1.2%", "2.67"]


@pytest.mark.usefixtures("german")
def test_links_with_english_words_are_read_in_every_language() -> None:
    options = ("none", "causal", "head_outputs")
    for code in ("en", "de"):
        with speaking(language(code)):
            assert find_option("causal", options) == "causal"
            assert find_option("head+outputs", options) == "head_outputs"
            assert find_option("kausal", options) == ("causal" if code == "de" else None)
    assert word("causal") == "causal"
