"""Pieces that a vocabulary marks as parts of a word never begin one, however it marks them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("tokenizers")

from tokenizers import (
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)

from model.subword_marks import WordMarks, find_marks
from model.subwords import Subwords, SubwordTokenizer
from tests.matrix import examples, matrix
from tests.model.subword_models import minilm

LETTERS = "ab17.,Bé€カ"
SENTENCE = "SmolLM has 1.7B weights"


def words(found: Subwords) -> list[list[str]]:
    """The pieces of each word."""
    grouped: list[list[str]] = [[] for _ in found.word_texts]
    for piece, word in zip(found.pieces, found.words, strict=True):
        grouped[word].append(piece)
    return grouped


def wordpiece(prefix: str = "##", cut: Any = None) -> Tokenizer:
    pieces = ["[UNK]", *LETTERS, *(prefix + letter for letter in LETTERS)]
    tokenizer = Tokenizer(
        models.WordPiece(
            {piece: token for token, piece in enumerate(pieces)},
            unk_token="[UNK]",
            continuing_subword_prefix=prefix,
        )
    )
    tokenizer.pre_tokenizer = cut or pre_tokenizers.WhitespaceSplit()
    tokenizer.decoder = decoders.WordPiece(prefix=prefix)
    return tokenizer


def bpe_with_prefix() -> Tokenizer:
    pieces = ["[UNK]", *LETTERS, *("##" + letter for letter in LETTERS)]
    tokenizer = Tokenizer(
        models.BPE(
            {piece: token for token, piece in enumerate(pieces)},
            [],
            unk_token="[UNK]",
            continuing_subword_prefix="##",
        )
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer  # without a decoder: the model alone tells


def bpe_with_ends() -> Tokenizer:
    """GPT's and HerBERT's kind."""
    pieces = ["<unk>", *LETTERS, *(letter + "</w>" for letter in LETTERS), "ab</w>"]
    tokenizer = Tokenizer(
        models.BPE(
            {piece: token for token, piece in enumerate(pieces)},
            [("a", "b</w>")],
            unk_token="<unk>",
            end_of_word_suffix="</w>",
        )
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.decoder = decoders.BPEDecoder(suffix="</w>")
    tokenizer.add_special_tokens(["<unk>"])
    return tokenizer


def clip() -> Tokenizer:
    """Bytes, the last of a word with its mark; spaces are thrown away before."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = ["<|start|>", "<|end|>", *letters, *(letter + "</w>" for letter in letters)]
    tokenizer = Tokenizer(
        models.BPE(
            {piece: token for token, piece in enumerate(pieces)},
            [],
            unk_token="<|end|>",
            continuing_subword_prefix="",
            end_of_word_suffix="</w>",
        )
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|start|>", "<|end|>"])
    tokenizer.post_processor = processors.RobertaProcessing(
        ("<|end|>", 1), ("<|start|>", 0), trim_offsets=False, add_prefix_space=False
    )
    return tokenizer


def subword_nmt(decoder: Any = None) -> Tokenizer:
    """Each piece but a word's last ends in @@: here a text is written in pieces already."""
    pieces = ["<unk>", *LETTERS, *(letter + "@@" for letter in LETTERS), "@@"]
    tokenizer = Tokenizer(
        models.WordLevel({piece: token for token, piece in enumerate(pieces)}, unk_token="<unk>")
    )
    # Each character with another behind it in its word takes the mark; then they are split.
    tokenizer.normalizer = normalizers.Replace(Regex(r"(?<=\S)(?=\S)"), "@@ ")
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if decoder is not None:
        tokenizer.decoder = decoder
    return tokenizer


def sentencepiece() -> Tokenizer:
    pieces = [("<unk>", 0.0), ("▁", -2.0), *((letter, -3.0) for letter in LETTERS)]
    tokenizer = Tokenizer(models.Unigram([*pieces, ("▁a", -2.5)], unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def byte_level() -> Tokenizer:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {piece: token for token, piece in enumerate([*letters, "7B"])}
    tokenizer = Tokenizer(models.BPE(vocabulary, [("7", "B")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


MAKES: dict[str, Callable[[], Tokenizer]] = {
    "WordPiece": wordpiece,
    "WordPiece, another prefix": lambda: wordpiece("~"),
    "WordPiece, BERT's cut": lambda: wordpiece(cut=pre_tokenizers.BertPreTokenizer()),
    "BPE, prefix": bpe_with_prefix,
    "BPE, </w>": bpe_with_ends,
    "CLIP": clip,
    "@@": subword_nmt,
    "SentencePiece": sentencepiece,
    "byte level": byte_level,
}


def test_minilm() -> None:
    tokenizer = SubwordTokenizer(minilm())
    found = tokenizer.encode(SENTENCE, around=False)
    assert words(found) == [
        ["sm", "##oll", "##m"], ["has"], ["1", ".", "7", "##b"], ["weights"],
    ]  # fmt: skip
    assert found.word_texts == ("SmolLM", "has", "1.7B", "weights")
    # Signs and scripts that are words by themselves elsewhere are parts of one here.
    found = tokenizer.encode("5€ カナです。", around=False)
    assert words(found) == [["5", "##€"], ["カ", "##ナ", "##て", "##す"], ["。"]]
    assert found.word_texts == ("5€", "カナです", "。")


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        ("WordPiece", [["1", "##.", "##7", "##B"], ["a", "##カ", "##."]]),
        ("WordPiece, another prefix", [["1", "~.", "~7", "~B"], ["a", "~カ", "~."]]),
        ("WordPiece, BERT's cut", [["1", ".", "7", "##B"], ["a", "##カ"], ["."]]),
        ("BPE, prefix", [["1", "##.", "##7", "##B"], ["a", "##カ", "##."]]),
        ("BPE, </w>", [["1", ".", "7", "B</w>"], ["a", "カ", ".</w>"]]),
        (
            "CLIP",
            [["<|start|>"], ["1", ".", "7", "B</w>"], ["a", "ã", "Ĥ", "«", ".</w>"], ["<|end|>"]],
        ),
        ("@@", [["1@@", ".@@", "7@@", "B"], ["a@@", "カ@@", "."]]),
        # Spaces are marked, and neither a full stop nor a script without spaces is a part of "a".
        ("SentencePiece", [["▁", "1", ".", "7", "B"], ["▁a"], ["カ"], ["."]]),
        ("byte level", [["1", ".", "7B"], ["Ġ", "a"], ["ã", "Ĥ", "«"], ["."]]),
    ],
)
def test_each_way_of_marking(make: str, expected: list[list[str]]) -> None:
    found = SubwordTokenizer(MAKES[make]()).encode("1.7B aカ.")
    assert words(found) == expected
    joined = ["1.7B", "aカ", "."] if "cut" in make else ["1.7B", "aカ."]
    texts = ["1.7B", "a", "カ", "."] if make in ("SentencePiece", "byte level") else joined
    own = [t for t, pieces in zip(found.word_texts, expected, strict=True) if "|" not in pieces[0]]
    assert own == texts


def test_what_is_unknown_goes_on_with_a_word_but_tells_not_whether_it_ends() -> None:
    found = SubwordTokenizer(bpe_with_ends()).encode("a☃ 1 ☃.a b")
    assert words(found) == [
        ["a", "<unk>"], ["1</w>"], ["<unk>"], [".", "a</w>"], ["b</w>"],
    ]  # fmt: skip
    assert found.word_texts == ("a☃", "1", "☃", ".a", "b")


def test_added_pieces_begin_words_where_the_piece_before_ends_one() -> None:
    tokenizer = SubwordTokenizer(bpe_with_ends())
    ends, goes_on = tokenizer.encode("ab").ids[0], tokenizer.encode("ab").ids[0] - 1
    assert tokenizer.encode("ab", added=[ends, ends]).word_texts == ("ab", "ab", "ab")
    a = tokenizer.encode("a1").ids[0]
    found = tokenizer.encode("ab", added=[a, a, ends, goes_on])
    assert words(found) == [["ab</w>"], ["a", "a", "ab</w>"], ["カ</w>"]]
    assert found.word_texts == ("ab", "aaab", "カ")
    assert found.shown == found.pieces


def test_pieces_of_bytes_are_shown_as_characters_with_their_mark() -> None:
    found = SubwordTokenizer(clip()).encode("é aé")
    assert found.shown == ("<|start|>", "é 1/2", "é 2/2</w>", "a", "é 1/2", "é 2/2</w>", "<|end|>")
    assert SubwordTokenizer(clip()).encode("a b").shown[1:-1] == ("a</w>", "b</w>")


def test_words_that_are_a_token_each_are_found_by_their_mark() -> None:
    vocabulary = {"<unk>": 0, "that": 1, "these</w>": 2, "Ġthose": 3, "th</w>": 4}
    tokenizer = Tokenizer(models.BPE(vocabulary, [], end_of_word_suffix="</w>"))
    assert SubwordTokenizer(tokenizer).plain_words() == ["these"]


def marks_of(tokenizer: Tokenizer) -> WordMarks:
    return SubwordTokenizer(tokenizer)._marks


def test_the_ways_of_marking_are_found() -> None:
    assert marks_of(wordpiece("~")) == WordMarks(before="~")
    assert marks_of(bpe_with_prefix()) == WordMarks(before="##")
    assert marks_of(bpe_with_ends()) == marks_of(clip()) == WordMarks(at_end="</w>")
    assert marks_of(subword_nmt()) == marks_of(subword_nmt(decoders.Replace("@@ ", "")))
    assert marks_of(subword_nmt()) == WordMarks(goes_on="@@")
    assert marks_of(sentencepiece()) == marks_of(byte_level()) == WordMarks()


def test_a_decoder_whose_mark_no_piece_has_marks_nothing() -> None:
    decoder = {"type": "BPEDecoder", "suffix": "</w>"}
    assert find_marks({}, [decoder], lambda: ["a", "b", "@@", "x@@"] * 3) != WordMarks()
    assert find_marks({}, [decoder], lambda: ["a", "b", "</w>"]) == WordMarks(at_end="</w>")
    few = [*map(str, range(40)), "@@", "x@@"]  # a piece of the text, such as GPT-2's
    assert find_marks({}, [decoder], lambda: few) == WordMarks()


def is_marked(make: str, before: str, piece: str) -> bool:
    """Whether the vocabulary says that a piece goes on with the one before it."""
    if "</w>" in make or make == "CLIP":
        return not before.endswith(("</w>", ">"))
    if make == "@@":
        return before.endswith("@@")
    if make in ("SentencePiece", "byte level"):  # a letter after a letter, and no space between
        both = re.compile("[ab17B].*[ab17B]")
        return bool(both.fullmatch(before[-1] + piece[0])) and not piece.startswith(("▁", "Ġ"))
    return piece.startswith("~" if "another" in make else "##")


@matrix(3, "make", MAKES)
@given(text=st.text(st.sampled_from(LETTERS + "  "), max_size=25))
@examples(40)
def test_no_word_begins_at_a_piece_that_is_marked(make: str, text: str) -> None:
    found = SubwordTokenizer(MAKES[make]()).encode(text)
    assert list(found.words) == sorted(found.words)
    assert set(found.words) == set(range(len(found.word_texts)))
    for i in range(1, len(found)):
        if not found.special[i - 1] and is_marked(make, found.pieces[i - 1], found.pieces[i]):
            assert found.words[i] == found.words[i - 1], found.pieces
    special = {word for word, flag in zip(found.words, found.special, strict=True) if flag}
    own = [text for word, text in enumerate(found.word_texts) if word not in special]
    assert "".join("".join(own).split()) == "".join(text.split())
