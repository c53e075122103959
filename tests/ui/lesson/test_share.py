"""Sharing: what the link holds, what it opens, and what it leaves alone."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from lessons.shelf import lessons
from rooms.errors import unreachable
from rooms.links import LONGEST
from rooms.memory import MemoryStore
from rooms.short_links import ALL, MOST_OF_A_SESSION, ShortLinks
from tests.ui.helpers import (
    PARAMETERS,
    change,
    checked,
    control,
    go_back,
    go_to,
    link,
    notices,
    open_app,
    type_text,
    value,
)
from ui.lesson import share
from ui.lesson.controls import VIEW_CONTROLS, controls_of
from ui.link import code as code_module
from ui.pages import PAGES
from ui.text.parameter_names import CONTROL_NAMES

HOSTILE = "猫 “坐” <b>&amp; a=b&c#d?e/f\\g%41+\u202e\U0001f600\t`[x](y)"
HOST = "https://school.example/our-lab/"
AT_REST = {"lab": "view=cost"}  # else it begins a sweep


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch) -> ShortLinks:
    """A store that no other test has filled."""
    kept = ShortLinks(MemoryStore())
    monkeypatch.setattr(share, "SHORT_LINKS", kept)
    monkeypatch.setattr(code_module, "SHORT_LINKS", kept)
    monkeypatch.setattr(code_module, "_own_address", lambda: "")  # whatever network there is
    return kept


def share_popover(at: AppTest) -> AppTest:
    at.session_state["share_popover"] = True
    return checked(at.run())


def close(at: AppTest) -> AppTest:
    at.session_state["share_popover"] = False
    return checked(at.run())


def links(at: AppTest) -> list[str]:
    """The links that are shown: the long one, and the short one if somebody has asked for it."""
    return [element.value for element in at.code]


def long_link(at: AppTest) -> str:
    return links(at)[0].lstrip("/")


def only(at: AppTest) -> Any:
    (widget,) = at.multiselect
    return widget


def present(at: AppTest) -> Any:
    return control(at, "share_present")


def short_button(at: AppTest) -> Any:
    (found,) = [button for button in at.button if button.key == "share_short"]
    return found


def opened(found: str) -> AppTest:
    path, _mark, query = found.partition("?")
    return open_app(query, path=path)


def values(at: AppTest) -> dict[str, Any]:
    """All that is chosen on Explore."""
    return {key: value(at, key) for key in PARAMETERS["explore"]}


def test_nothing_is_drawn_or_kept_until_it_is_opened(store: ShortLinks) -> None:
    at = open_app("heads=4")
    assert not at.code
    assert not at.multiselect
    share_popover(at)
    assert links(at) == ["/explore?heads=4"]
    assert len(store._store.fields(ALL)) == 0
    close(at)
    assert not at.code


def test_the_link_is_what_the_address_says_and_opens_the_same() -> None:
    at = open_app(link(heads=4, mask="window", span=3, view="head", head=2, q=1, text=HOSTILE))
    change(at, temperature=2.5)
    share_popover(at)
    found = long_link(at)
    assert dict(parse_qsl(urlsplit(found).query)) == dict(at.query_params)
    again = opened(found)
    assert notices(again) == []
    assert value(again, "text") == HOSTILE
    assert values(again) == values(at)


def test_what_is_typed_is_in_the_link() -> None:
    at = open_app("heads=4")
    type_text(at, HOSTILE)
    share_popover(at)
    assert value(opened(long_link(at)), "text") == HOSTILE


@pytest.mark.parametrize("name", [page.name for page in PAGES])
def test_every_page_is_shared_as_it_opens(name: str) -> None:
    at = share_popover(open_app(AT_REST.get(name, ""), path=name))
    found = long_link(at)
    assert found.partition("?")[0] == name
    again = share_popover(opened(found))
    assert long_link(again) == found


def test_where_a_page_would_choose_by_itself_the_link_says_that_nothing_is_chosen() -> None:
    at = open_app("all_heads=true", path="encoder-decoder")
    assert at.query_params == {}
    share_popover(at)
    assert long_link(at) == "encoder-decoder?all_heads=true"
    again = opened(long_link(at))
    assert value(again, "all_heads") is True
    assert again.query_params == {}


def test_what_is_chosen_is_in_the_link_and_neither_in_the_page_nor_its_address() -> None:
    at = share_popover(open_app("heads=4"))
    only(at).set_value(["heads", "mask"])
    checked(at.run())
    present(at).set_value(True)
    checked(at.run())
    assert long_link(at) == "explore?present=true&only=heads%2Cmask&heads=4"
    assert at.query_params == {"heads": "4"}
    assert (value(at, "only"), value(at, "present")) == ("", False)
    again = opened(long_link(at))
    assert (value(again, "only"), value(again, "present")) == ("heads,mask", True)
    assert notices(again) == []


def test_what_was_chosen_is_there_when_it_is_opened_again_on_its_page() -> None:
    at = share_popover(open_app("heads=4"))
    only(at).set_value(["heads"])
    present(at).set_value(True)
    checked(at.run())
    for _again in range(2):
        close(at)
        share_popover(at)
        assert (only(at).value, present(at).value) == (["heads"], True)
    close(at)
    share_popover(go_to(at, "pretrained"))
    assert (only(at).value, present(at).value) == ([], False)
    close(at)
    share_popover(go_to(at, "explore"))
    assert long_link(at) == "explore?present=true&only=heads&heads=4"


def test_it_begins_with_what_the_page_was_opened_with() -> None:
    at = share_popover(open_app("only=mask,nonsense,seed&present=true&notes=true"))
    assert (only(at).value, present(at).value) == (["mask", "seed"], True)
    # What the teacher is to say is of no link for a class.
    assert long_link(at) == "explore?present=true&only=mask%2Cseed"


def test_the_language_is_in_it_only_where_somebody_has_chosen_it() -> None:
    at = share_popover(open_app("lang=zh&heads=4"))
    assert long_link(at) == "explore?lang=zh&heads=4"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_control_that_is_offered_has_a_name(page: Any) -> None:
    offered = controls_of(page)
    assert len(set(offered)) == len(offered)
    assert set(offered) <= {*CONTROL_NAMES, *page.sentences}
    own = {*page.controls, *page.controls_of_run}
    if page.source is not None:
        own |= {*page.sentences, *VIEW_CONTROLS}
    assert set(offered) == own & page.parameters.keys()


def said(at: AppTest) -> str:
    return " ".join(element.value for element in at.markdown)


def test_a_lessons_step_is_shared_with_nothing_answered() -> None:
    name, lesson = "scale", lessons()["scale"]
    at = open_app(link(lesson=name, step=2, answer="same", revealed="true", temperature=2))
    share_popover(at)
    assert long_link(at) == "explore?lesson=scale&step=2&temperature=2"
    assert not at.multiselect  # the step says which controls there are
    assert f"step 2 of the lesson “{lesson.title}”, with nothing answered yet" in said(at)
    assert (at.query_params["answer"], at.query_params["revealed"]) == ("same", "true")
    again = opened(long_link(at))
    assert (value(again, "temperature"), value(again, "revealed")) == (2, False)


def test_what_is_explored_from_a_lesson_leads_back_to_it() -> None:
    at = share_popover(open_app("lesson=scale&step=2&free=true&heads=4"))
    assert "leads back to step 2 of the lesson" in said(at)
    assert at.multiselect
    assert long_link(at) == "explore?lesson=scale&step=2&free=true&heads=4"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:8501/", "http://localhost:8501/"),
        ("http://localhost:8501/explore", "http://localhost:8501/"),
        ("http://localhost:8501/learn", "http://localhost:8501/"),  # where somebody comes from
        (HOST, HOST),
        (f"{HOST}explore", HOST),
        (HOST.rstrip("/"), HOST),
        ("https://school.example/explore/explore", "https://school.example/explore/"),
        ("https://school.example/explore/", "https://school.example/explore/"),
        ("https://[::1]:8501/a/b/explore", "https://[::1]:8501/a/b/"),
    ],
)
def test_the_whole_link_begins_where_the_browser_is(url: str, expected: str) -> None:
    at = open_app("heads=4")
    at.context["url"] = url
    share_popover(at)
    assert links(at) == [f"{expected}explore?heads=4"]


def test_a_short_link_is_made_when_somebody_asks_and_stands_for_the_long_one(
    store: ShortLinks,
) -> None:
    at = open_app("heads=4")
    at.context["url"] = f"{HOST}explore"
    share_popover(at)
    only(at).set_value(["heads"])
    checked(at.run())
    checked(short_button(at).click().run())
    long, short = links(at)
    before, code = short[:-6], short[-6:]
    assert before == f"{HOST}?go="
    assert code == code.upper()
    assert f"{HOST}{store.link_of(code)}" == long == f"{HOST}explore?only=heads&heads=4"
    (html,) = [each for each in at.get("html") if 'class="short_link"' in each.proto.body]
    assert f"school.example/our-lab/?go=<strong>{code}</strong>" in html.proto.body
    close(at)
    share_popover(at)
    assert links(at) == [long, short]
    present(at).set_value(True)
    checked(at.run())
    assert len(links(at)) == 1  # it is another link, which nobody has asked a code for
    assert len(store._store.fields(ALL)) == 1


def test_where_there_is_no_short_link_it_says_why_and_the_long_one_stays(
    store: ShortLinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(share, "session_in_use", lambda: "this one")
    for seed in range(MOST_OF_A_SESSION):
        store.code_of(f"explore?seed={seed}", "this one")
    at = share_popover(open_app("heads=4"))
    checked(short_button(at).click().run())
    (warning,) = notices(at)
    assert warning == (
        "No short link: this window has made 20 short links, as many as one may. "
        "The link above works."
    )
    assert links(at) == ["/explore?heads=4"]
    monkeypatch.setattr(share, "session_in_use", lambda: "another one")
    checked(short_button(at).click().run())
    assert len(links(at)) == 2
    assert not notices(at)


def test_a_link_that_is_too_long_has_no_short_one_and_works() -> None:
    text = "猫" * (LONGEST // 9)
    at = share_popover(open_app(link(text=text)))
    checked(short_button(at).click().run())
    (warning,) = notices(at)
    assert warning.startswith("No short link: the link has 30")
    assert value(opened(long_link(at)), "text") == text


# What the page says of a code that has led nowhere.


@pytest.mark.parametrize("path", [page.name for page in PAGES])
def test_an_unknown_code_is_told_and_leaves_the_address(path: str) -> None:
    at = open_app(f"go=bcdfgh&{AT_REST.get(path, '')}", path=path)
    (notice,) = [each for each in notices(at) if "code" in each]
    assert notice == (
        "There is no link with the code BCDFGH: a letter may be wrong, or the server has "
        "forgotten it, as it does when it is started anew."
    )
    assert "go" not in at.query_params


def test_the_first_page_stays_the_first_page() -> None:
    at = open_app("go=bcdfgh", path="")
    assert at.title[0].value.startswith("Attention is how much")
    assert "There is no link with the code BCDFGH" in notices(at)[0]
    assert at.query_params == {}


def test_all_else_in_the_address_is_as_it_would_be() -> None:
    at = open_app("heads=4&go=nonsense&lang=zh&embed=true&mask=causal")
    assert at.query_params == {"lang": "zh", "embed": "true", "heads": "4", "mask": "causal"}
    assert value(at, "heads") == 4


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("", "`  `"),
        ("x" * 5000, "` " + "x" * 39 + "… `"),
        ("a\x00b", "` a⟨U+0000⟩b `"),
        ("a\r\nSet-Cookie: b", "` a⟨U+000D⟩⟨U+000A⟩Set-Cookie: b `"),
        ("<img src=x onerror=alert(1)>", "` <img src=x onerror=alert(1)> `"),
        ("[a](https://b.example)", "` [a](https://b.example) `"),
        ("бвгджз", "` бвгджз `"),
        ("`", "`` ` ``"),
    ],
)
def test_what_is_no_code_is_shown_as_it_was_typed(code: str, shown: str) -> None:
    at = open_app(link(go=code))
    assert notices(at) == [f"There is no link with the code {shown}: a code has 6 letters."]
    assert at.query_params == {}


def test_a_known_code_that_nobody_has_led_on_says_its_link(store: ShortLinks) -> None:
    made = store.code_of("encoder-decoder?only=text&text=a_b%2Ac%5D%28d")
    at = open_app(f"go={made}")
    assert notices(at) == [
        f"The code {made.upper()} stands for [this link]"
        "(<encoder-decoder?only=text&text=a_b%2Ac%5D%28d>)."
    ]
    assert at.query_params == {}


def test_while_the_store_is_unreachable_pages_say_so(
    store: ShortLinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_asked: str) -> str:
        raise unreachable()

    monkeypatch.setattr(store, "link_of", fail)
    monkeypatch.setattr(store, "code_of", fail)
    why = "the server that keeps rooms and short links doesn't answer; try again in a minute"
    at = open_app("go=bcdfgh")
    assert notices(at) == [f"The code BCDFGH can't be looked up: {why}."]
    share_popover(at)
    checked(short_button(at).click().run())
    said = [each.value for each in at.warning]
    assert f"No short link: {why}. The link above works." in said


def test_what_is_said_of_a_code_goes_with_the_page() -> None:
    at = open_app("go=bcdfgh")
    change(at, heads=4)
    assert len(notices(at)) == 1
    go_to(at, "learn")
    go_to(at, "explore")
    assert notices(at) == []


def test_back_to_an_address_with_a_code_says_nothing_new() -> None:
    at = go_back(open_app("heads=4"), "explore", "go=bcdfgh&heads=2")
    assert notices(at) == []
    assert value(at, "heads") == 2
