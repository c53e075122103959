"""Tokens of many scripts: written out in a table, and held to what no text may break."""

import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from model import tokens
from model.tokens import compose, split_characters, split_words, tokenize

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"  # four people, three joiners
ASTRONAUT = "\U0001f469\U0001f3fd\u200d\U0001f680"  # a woman, a skin tone, a joiner, a rocket
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"  # tags
KEYCAP = "1\ufe0f\u20e3"
THUMB = "\U0001f44d\U0001f3ff"

WORDS = {
    "The cat sat.": ["The", "cat", "sat", "."],
    "I didn't, O’Neil": ["I", "didn't", ",", "O’Neil"],
    "rock'n'roll": ["rock'n'roll"],
    "the dogs' 'bone'": ["the", "dogs", "'", "'", "bone", "'"],
    "well-known (yes!)": ["well", "-", "known", "(", "yes", "!", ")"],
    "3.14 and 1,000": ["3.14", "and", "1,000"],
    "1,234.50. 7.": ["1,234.50", ".", "7", "."],
    "1.7B, 1,000s 2.5's 用3.14我": ["1.7B", ",", "1,000s", "2.5's", "用", "3.14", "我"],
    "x_1 v2 10km": ["x_1", "v2", "10km"],
    "1 1 1": ["1", "1", "1"],
    "我爱北京。": ["我", "爱", "北", "京", "。"],
    "用GPT写诗": ["用", "GPT", "写", "诗"],
    "私はカナです": ["私", "は", "カ", "ナ", "で", "す"],
    "コーヒー": ["コ", "ー", "ヒ", "ー"],
    "서울 사람": ["서울", "사람"],
    # Thai vowels and tones above a consonant stay with it.
    "สวัสดี": ["ส", "วั", "ส", "ดี"],
    "مرحبا بالعالم؟": ["مرحبا", "بالعالم", "؟"],
    "مَرْحَبًا": ["مَرْحَبًا"],
    "שָׁלוֹם עולם": ["שָׁלוֹם", "עולם"],
    "नमस्ते दुनिया।": ["नमस्ते", "दुनिया", "।"],
    "क्षत्रिय": ["क्षत्रिय"],
    "क्\u200dष क्\u200cष": ["क्\u200dष", "क्\u200cष"],  # joiners choose a conjunct's shape
    f"{FAMILY}{ASTRONAUT}": [FAMILY, ASTRONAUT],
    f"Go {ENGLAND}!": ["Go", ENGLAND, "!"],
    "\U0001f1eb\U0001f1f7\U0001f1e9\U0001f1ea": [
        "\U0001f1eb\U0001f1f7",
        "\U0001f1e9\U0001f1ea",
    ],  # two flags without a space
    f"{THUMB}{THUMB} {KEYCAP} #\ufe0f\u20e3": [THUMB, THUMB, KEYCAP, "#\ufe0f\u20e3"],
    "cafe\u0301 caf\u00e9": ["caf\u00e9", "caf\u00e9"],  # two ways to type é: one token
    "x\u0304 n\u0303": ["x\u0304", "\u00f1"],  # x with a macron has no composed form
    "<s> </s> <b>bold</b> &lt;": ["<s>", "</s>", "<b>", "bold", "</b>", "&lt;"],
    "<script>alert(1)</script>": ["<script>", "alert", "(", "1", ")", "</script>"],
    "[UNK] [CLS]a[1]": ["[UNK]", "[CLS]", "a", "[", "1", "]"],
    "<|endoftext|>a < b": ["<|endoftext|>", "a", "<", "b"],
    "AT&T &#39; & &;": ["AT", "&", "T", "&#39;", "&", "&", ";"],
    "": [],
    "  \t\n\u00a0\u3000 ": [],
    " a \u00a0 b\r\nc ": ["a", "b", "c"],
    # Zero-width: a space and a byte order mark are symbols, a joiner belongs to its letter.
    "a\u200bb \ufeff": ["a", "\u200b", "b", "\ufeff"],
    "نمی\u200cخواهم": ["نمی\u200cخواهم"],
    "a\ud800b \udfff": ["a", "\ud800", "b", "\udfff"],  # lone surrogates
}
CHARACTERS = {
    "Hi, you": ["H", "i", ",", " ", "y", "o", "u"],
    " a  b\n\tc ": ["a", " ", "b", " ", "c"],
    "1,0": ["1", ",", "0"],
    "<b>": ["<", "b", ">"],
    "cafe\u0301": ["c", "a", "f", "\u00e9"],
    "नमस्ते": ["न", "म", "स्ते"],  # the last is one conjunct: s, virama, t, vowel sign
    "วัด": ["วั", "ด"],
    "שָׁלוֹם": ["שָׁ", "ל", "וֹ", "ם"],
    f"{FAMILY} {KEYCAP}": [FAMILY, " ", KEYCAP],
    "\U0001f1eb\U0001f1f7\U0001f1e9\U0001f1ea": ["\U0001f1eb\U0001f1f7", "\U0001f1e9\U0001f1ea"],
    "a\r\nb": ["a", " ", "b"],
    "a\ud800": ["a", "\ud800"],
    "": [],
    " \u3000\n": [],
}


@pytest.mark.parametrize("text", WORDS, ids=ascii)
def test_words(text: str) -> None:
    assert tokenize(text) == WORDS[text]
    assert tokenize(text, "words") == WORDS[text]


@pytest.mark.parametrize("text", CHARACTERS, ids=ascii)
def test_characters(text: str) -> None:
    assert tokenize(text, "characters") == CHARACTERS[text]


def test_a_long_vowel_mark_belongs_to_no_latin_word_or_number() -> None:
    """The mark of サーバー is used by two scripts and belongs to neither: still it is Japanese."""
    assert tokenize("サーバー2") == ["サ", "ー", "バ", "ー", "2"]
    assert tokenize("ユーザーID") == ["ユ", "ー", "ザ", "ー", "ID"]


def test_a_mark_after_a_space_does_not_take_the_space_with_it() -> None:
    """Unicode calls the two one cluster. A token " ́" would be neither a space nor the mark."""
    assert tokenize("a \u0301b", "characters") == ["a", " ", "\u0301", "b"]
    assert tokenize("a \u0301b") == ["a", "\u0301", "b"]


def test_an_arabic_number_sign_does_not_take_the_space_after_it() -> None:
    """U+0600 joins what follows: the one cluster that ends in a space."""
    assert tokenize("\u0600 1", "characters") == ["\u0600", " ", "1"]


def test_an_unknown_tokeniser_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="tokenizer must be one of") as caught:
        tokenize("a", "bytes")  # type: ignore[arg-type]
    assert str(caught.value) == "tokenizer must be one of ('words', 'characters'), got 'bytes'"


# Any text, and texts of pieces that tokenisers stumble over: marks and joiners in odd places.
PIECES = [
    *[" ", "  ", "\n", "\u00a0", "\u3000", "\u200b", "\u200d", "\ufe0f", "\u20e3", "\u0301"],
    *["a", "e\u0301", "1", "3.14", ".", ",", "'", "’", "_", "<", ">", "</s>", "<b", "[", "[UNK]"],
    *["&lt;", "&", ";", "#", "我", "カ", "ー", "ก", "ำ", "क्", "ष", "שָׁ", "ي", "\u0600", "\ud800"],
    *["\U0001f468", "\U0001f3fd", "\U0001f1eb", "\u1100", "\u1161"],
]
texts = st.text(st.characters()) | st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@given(text=texts)
@example(text="")
def test_characters_joined_are_the_text_with_its_white_space_collapsed(text: str) -> None:
    expected = " ".join(unicodedata.normalize("NFC", text).split())
    assert "".join(tokenize(text, "characters")) == expected


@given(text=texts)
def test_words_lose_nothing_but_white_space(text: str) -> None:
    def without_spaces(of: str) -> str:
        return "".join(of.split())

    expected = without_spaces(unicodedata.normalize("NFC", text))
    assert without_spaces("".join(tokenize(text))) == expected


@given(text=texts)
def test_no_word_is_empty_or_has_spaces_around_it(text: str) -> None:
    for token in tokenize(text):
        assert token
        assert token == token.strip()


@given(text=texts)
def test_a_character_has_no_spaces_around_it_unless_it_is_a_space(text: str) -> None:
    for token in tokenize(text, "characters"):
        assert token == " " or (token and token == token.strip())


@given(text=texts, more=texts)
def test_words_before_a_space_do_not_depend_on_what_follows(text: str, more: str) -> None:
    """So that a word keeps its vector while the sentence is being typed."""
    assert tokenize(f"{text} a{more}")[: len(tokenize(text))] == tokenize(text)


@given(parts=st.lists(st.sampled_from(["a", "é", "1", "我", "カ", "शि", "ดี", FAMILY, THUMB, "-"])))
def test_no_grapheme_cluster_is_torn_apart(parts: list[str]) -> None:
    text = "".join(parts)
    ends_of_clusters = {match.end() for match in regex.finditer(r"\X", text)}
    end = 0
    for token in tokenize(text):
        end += len(token)
        assert end in ends_of_clusters


# The largest texts of the kinds whose work would grow as the square of their length

LARGEST = 20_000  # characters
A, B, C, D = "\U0001f1e6\U0001f1e7\U0001f1e8\U0001f1e9"  # letters that flags are made of


@pytest.mark.parametrize("split", [split_words, split_characters])
def test_a_row_of_flags(split: Callable[[str], list[str]]) -> None:
    assert split(A * LARGEST) == [A + A] * (LARGEST // 2)
    assert split(A * (LARGEST - 1)) == [A + A] * (LARGEST // 2 - 1) + [A]


@pytest.mark.parametrize("pattern", [tokens._WORDS, tokens._GRAPHEMES])
def test_a_flag_is_read_without_a_look_at_those_before_it(pattern: regex.Pattern) -> None:
    r"""Else the work grows as the square of their number; \X would end after B here."""
    assert pattern.match(A + B + C + D, pos=1)[0] == B + C


cluster_parts = st.sampled_from(
    [
        A,
        B,
        "a",
        "\u0301",
        "\u0903",
        "\u200d",
        "\u0600",
        "\U0001f469",
        "\U0001f3fd",
        "\u0915",
        "\u094d",
    ]
)


@given(text=st.lists(cluster_parts, max_size=12).map("".join))
def test_characters_are_extended_grapheme_clusters(text: str) -> None:
    assert split_characters(text) == regex.findall(r"\X", text)


@pytest.mark.parametrize("digit", ["\u0e51", "\u0f21", "1"])  # Thai, Tibetan, Arabic as in Europe
def test_a_row_of_digits(digit: str) -> None:
    """Those of scripts without spaces are tokens each, and none of them begins a number."""
    found = split_words(digit * LARGEST)
    assert found == ([digit * LARGEST] if digit == "1" else [digit] * LARGEST)


def test_a_number_is_looked_for_at_its_first_digit_alone() -> None:
    """Else a row of Thai digits is read to its end at each of them."""
    assert split_words("\u0e51\u0e52.\u0e53") == ["\u0e51\u0e52.\u0e53"]
    assert tokens._WORDS.match("\u0e51\u0e52.\u0e53", pos=1)[0] == "\u0e52"


def moves(text: str) -> int:
    """How often an insertion sort moves a mark while it orders those of each letter."""
    classes = [
        unicodedata.combining(c) for part in text for c in unicodedata.normalize("NFD", part)
    ]
    count, run = 0, list[int]()
    for each in classes:
        if each == 0:
            run = []
            continue
        place = bisect_right(run, each)
        count += len(run) - place
        run.insert(place, each)
    return count


ABOVE, BELOW, BOTH = "\u0301", "\u0323", "\u0f73"  # the last is two, of classes 129 and 130


@pytest.mark.parametrize(
    "text", ["a" + ABOVE * 1000 + BELOW * 1000, "a" + (ABOVE + BELOW) * 1000, "a" + BOTH * 1000]
)
def test_marks_are_in_order_before_python_sorts_them(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert moves(text) > 100 * len(text)
    read: list[str] = []

    def normalize(form: str, part: str) -> str:
        read.append(part)
        return unicodedata.normalize(form, part)

    spied = SimpleNamespace(normalize=normalize, combining=unicodedata.combining)
    monkeypatch.setattr(tokens, "unicodedata", spied)
    assert compose(text) == unicodedata.normalize("NFC", text)
    assert read
    assert sum(map(moves, read)) == 0


def test_the_most_marks_that_a_letter_can_have() -> None:
    half = LARGEST // 2
    # The one below comes first, and makes a letter with the a.
    composed = "\u1ea1" + BELOW * (half - 1) + ABOVE * half
    assert compose("a" + ABOVE * half + BELOW * half) == composed


marked = st.sampled_from(
    ["a", "e", ABOVE, BELOW, BOTH, "\u0308", "\u0344", "\u05b0", "\u1e69", "\uac00"]
)


@given(text=st.lists(marked, max_size=20).map("".join), marks=st.text(ABOVE + BELOW + BOTH))
def test_it_is_composed_as_ever(text: str, marks: str) -> None:
    for each in (text, text + marks, text + (marks + ABOVE) * 33 + text):
        assert compose(each) == unicodedata.normalize("NFC", each)
