"""Whose logit Writers is about: a likely token or a typed one, and the token to compare it with."""

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from model.contributions import AskedLogit
from model.next_token import top_tokens
from model.pretrained.base import PretrainedModel
from ui.controls.let_show import let_show
from ui.frame.failures import logged
from ui.link.memory import choose, settle, value_of
from ui.link.notices import notice
from ui.pages.pretrained.settings import pretrained_settings
from ui.runs.pretrained import PretrainedRun, compute_pretrained
from ui.text.i18n import _
from ui.text.markdown import plain, token_text, verbatim

LIKELIEST = 10  # tokens to choose among
NO_TOKEN = -1  # among the choices: a widget's None would be an empty field
LONGEST_WORD = 100  # characters that are typed


def asked_logit(run: PretrainedRun) -> AskedLogit:
    """Return which logit is looked at: after the text, of the likeliest token if none is chosen."""
    assert run.next_logits is not None
    logits = run.next_logits[0]
    token, against = value_of("token"), value_of("against")
    if token is None or token >= len(logits):
        token = top_tokens(logits, 1)[0].token
    if against == token or (against is not None and against >= len(logits)):
        against = None
    return AskedLogit(token=token, against=against, position=run.sentences.lengths[0] - 1)


def fit_token(model: PretrainedModel, key: str) -> None:
    """Keep a token of the link among those that the model could write."""
    asked = value_of(key)
    if asked is None or model.kind == "encoder" or model.reads(asked):
        return
    settle(**{key: None})
    message = {
        "token": _("{model} has no token {asked}: showing the likeliest one."),
        "against": _("{model} has no token {asked}: comparing with no other."),
    }[key]
    notice(key, message.format(model=plain(model.name), asked=asked))


def draw_asked(run: PretrainedRun, asked: AskedLogit) -> None:
    """Draw both choices, each among the likeliest tokens or typed."""
    assert run.next_logits is not None
    likeliest = [each.token for each in top_tokens(run.next_logits[0], LIKELIEST)]
    chosen = [each for each in (asked.token, asked.against) if each is not None]
    tokens = list(dict.fromkeys([*likeliest, *chosen]))
    against = NO_TOKEN if asked.against is None else asked.against
    with st.container(key="writers_token"):
        first, first_word, second, second_word = st.columns([4, 3, 4, 3], gap="small")
    with first:
        _draw_choice(run, "token", _("Logit of"), tokens, asked.token)
    with first_word:
        _draw_word("token")
    with second:
        others = [NO_TOKEN, *(each for each in tokens if each != asked.token)]
        _draw_choice(run, "against", _("less that of"), others, against)
    with second_word:
        _draw_word("against")
    for key, token in (("token", asked.token), ("against", asked.against)):
        _tell_pieces(run, key, token)


def _draw_choice(
    run: PretrainedRun, key: str, label: str, tokens: Sequence[int], chosen: int
) -> None:
    names = {each: _name(run, each) for each in tokens}
    counts = Counter(names.values())
    let_show(f"{key}_choice", chosen)
    st.selectbox(
        label,
        tokens,
        index=list(tokens).index(chosen),
        # Bytes of rare characters can look alike.
        format_func=lambda each: names[each] + f" ({each})" * (counts[names[each]] > 1),
        key=f"{key}_choice",
        on_change=_take_choice,
        args=(key,),
    )


def _name(run: PretrainedRun, token: int) -> str:
    if token == NO_TOKEN:
        return _("no other")
    return token_text(run.model.tokenizer.shown(token), 20)


def _draw_word(key: str) -> None:
    st.text_input(
        _("or of a word"),
        key=f"{key}_word",
        max_chars=LONGEST_WORD,
        placeholder=_("Type a word"),
        on_change=_take_word,
        args=(key,),
    )


def _take_choice(key: str) -> None:
    chosen = st.session_state[f"{key}_choice"]
    st.session_state[f"{key}_word"] = ""
    choose(f"writers {key}", **{key: None if chosen == NO_TOKEN else chosen})


@logged()
def _take_word(key: str) -> None:
    word = st.session_state[f"{key}_word"]
    ids = _pieces(compute_pretrained(pretrained_settings()), word)
    if ids:
        choose(f"writers {key}", **{key: ids[0]})


def _pieces(run: PretrainedRun, word: str) -> tuple[int, ...]:
    """Return a word's tokens, with a space before it or without, whichever is likelier to begin."""
    if run.next_logits is None or not word.strip():
        return ()
    read = [run.model.tokenizer.encode(text, around=False).ids for text in (f" {word}", word)]
    logits = run.next_logits[0]
    known = [tuple(ids) for ids in read if ids and ids[0] < len(logits)]
    return max(known, key=lambda ids: float(logits[ids[0]]), default=())


def _tell_pieces(run: PretrainedRun, key: str, token: int | None) -> None:
    """Say that a typed word has several tokens, as long as its first one is shown."""
    word = st.session_state.get(f"{key}_word") or ""
    ids = _pieces(run, word)
    if len(ids) > 1 and ids[0] == token:
        said = _("{word} is {count} tokens: this is about the first, {token}.")
        shown = run.model.tokenizer.shown(ids[0])
        st.caption(said.format(word=verbatim(word), count=len(ids), token=verbatim(shown)))
