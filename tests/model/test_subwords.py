"""Sub-words of several kinds of tokenisers: what each token is, shows and belongs to."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

pytest.importorskip("tokenizers")

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)

from model.subwords import Subwords, SubwordTokenizer
from model.tokens import split_words
from tests.matrix import examples
from tests.model.subword_models import MINILM, folder_of

SENTENCE = "The animal didn't cross the street because it was too tired."
WORDS = (
    *("The", "animal", "didn't", "cross", "the", "street"),
    *("because", "it", "was", "too", "tired", "."),
)
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"


def at(flags: tuple[bool, ...]) -> list[int]:
    return [place for place, flag in enumerate(flags) if flag]


def test_wordpiece_sentence(wordpiece: SubwordTokenizer) -> None:
    found = wordpiece.encode(SENTENCE)
    assert found.pieces == (
        *("[CLS]", "the", "animal", "didn", "'", "t", "cross", "the", "street"),
        *("because", "it", "was", "too", "tired", ".", "[SEP]"),
    )
    assert found.ids[:4] == (101, 1996, 4111, 2134)
    assert found.shown == found.pieces
    assert at(found.special) == [0, 15]
    assert at(found.unknown) == []
    assert found.words == (0, 1, 2, 3, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)
    assert found.word_texts == ("[CLS]", *WORDS, "[SEP]")
    assert found.left_out == 0
    assert len(found) == 16


def test_wordpiece_parts_of_a_word(wordpiece: SubwordTokenizer) -> None:
    found = wordpiece.encode("UNbelievably!")
    assert found.shown[1:-1] == ("un", "##bel", "##ie", "##va", "##bly", "!")
    assert found.words == (0, 1, 1, 1, 1, 1, 2, 3)
    assert found.word_texts == ("[CLS]", "UNbelievably", "!", "[SEP]")


def test_wordpiece_unknown_characters(wordpiece: SubwordTokenizer) -> None:
    found = wordpiece.encode("我喜欢猫 🙂🙂")
    assert found.pieces == ("[CLS]", "我", "[UNK]", "[UNK]", "[UNK]", "[UNK]", "[SEP]")
    assert at(found.unknown) == [2, 3, 4, 5]
    assert at(found.special) == [0, 6]
    assert found.word_texts == ("[CLS]", "我", "喜", "欢", "猫", "🙂🙂", "[SEP]")


def test_wordpiece_keeps_words_as_typed(wordpiece: SubwordTokenizer) -> None:
    """It lowers letters and drops accents and control characters."""
    found = wordpiece.encode("CAF\u00c9 cafe\u0301 a\u0006b")
    assert found.pieces[1:-1] == ("cafe", "cafe", "ab")
    assert found.word_texts == ("[CLS]", "CAF\u00c9", "cafe\u0301", "a\u0006b", "[SEP]")


def test_wordpiece_special_tokens_that_were_typed(wordpiece: SubwordTokenizer) -> None:
    found = wordpiece.encode("a [SEP]b[UNK] 喜")
    assert found.pieces == ("[CLS]", "a", "[SEP]", "b", "[UNK]", "[UNK]", "[SEP]")
    assert at(found.special) == [0, 2, 4, 6]
    assert at(found.unknown) == [5]
    assert found.word_texts == ("[CLS]", "a", "[SEP]", "b", "[UNK]", "喜", "[SEP]")


def test_wordpiece_reads_markup_as_one_word(wordpiece: SubwordTokenizer) -> None:
    found = wordpiece.encode("<|im_start|>user")
    assert found.pieces[1:-1] == ("<", "|", "im", "_", "start", "|", ">", "user")
    assert found.word_texts == ("[CLS]", "<|im_start|>", "user", "[SEP]")


@pytest.mark.parametrize("text", ["", "  \n"])
def test_wordpiece_without_words(wordpiece: SubwordTokenizer, text: str) -> None:
    found = wordpiece.encode(text)
    assert found.pieces == found.word_texts == ("[CLS]", "[SEP]")
    assert found.words == (0, 1)


def test_wordpiece_long_texts_are_not_cut(wordpiece: SubwordTokenizer) -> None:
    assert len(wordpiece.encode("cat " * 500)) == 502
    assert len(wordpiece.encode("cat")) == 3  # nor are short ones padded


TEXTS = [
    SENTENCE,
    "我喜欢猫。",
    f"{FAMILY} \U0001f1eb\U0001f1f7",
    "12345 3.14",
    "def f(x):\n\treturn x+1  # it's",
    "caf\u00e9 cafe\u0301",
    "<|im_start|> [SEP] [MASK]",
    "",
    "   ",
]


@pytest.fixture(scope="module")
def reference() -> Any:
    folder = folder_of(MINILM) / "model"
    transformers = pytest.importorskip("transformers")
    return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)


@pytest.mark.parametrize("text", TEXTS)
def test_wordpiece_ids_are_those_of_transformers(
    wordpiece: SubwordTokenizer, reference: Any, text: str
) -> None:
    assert list(wordpiece.encode(text).ids) == reference(text)["input_ids"]
    assert (
        list(wordpiece.encode(text, longest=5).ids)
        == reference(text, truncation=True, max_length=5)["input_ids"]
    )


def test_bytes_sentence(bytewise: SubwordTokenizer) -> None:
    found = bytewise.encode(SENTENCE)
    assert found.ids == (504, 3161, 3683, 982, 3050, 260, 7280, 975, 357, 436, 1147, 12364, 30)
    assert found.pieces[:4] == ("The", "Ġanimal", "Ġdidn", "'t")
    assert found.shown == (
        *("The", "␣animal", "␣didn", "'t", "␣cross", "␣the", "␣street"),
        *("␣because", "␣it", "␣was", "␣too", "␣tired", "."),
    )
    assert not any(found.special + found.unknown)
    assert found.words == (0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
    assert found.word_texts == WORDS


def test_bytes_of_numbers_with_letters(bytewise: SubwordTokenizer) -> None:
    found = bytewise.encode("has 1.7B weights, 1,000s.")
    assert found.pieces == (
        *("has", "Ġ", "1", ".", "7", "B", "Ġweights", ","),
        *("Ġ", "1", ",", "0", "0", "0", "s", "."),
    )
    assert found.words == (0, 1, 1, 1, 1, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 5)
    assert found.word_texts == ("has", "1.7B", "weights", ",", "1,000s", ".")


def test_bytes_of_one_character(bytewise: SubwordTokenizer) -> None:
    found = bytewise.encode("我喜欢猫")
    assert found.pieces[:5] == ("æĪ", "ĳ", "å", "ĸ", "ľ")
    assert found.shown == (
        *("我 1/2", "我 2/2", "喜 1/3", "喜 2/3", "喜 3/3"),
        *("欢 1/3", "欢 2/3", "欢 3/3", "猫 1/3", "猫 2/3", "猫 3/3"),
    )
    assert found.words == (0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3)
    assert found.word_texts == ("我", "喜", "欢", "猫")


def test_bytes_emoji(bytewise: SubwordTokenizer) -> None:
    found = bytewise.encode(f"{FAMILY} 🙂🙂\U0001f1eb\U0001f1f7")
    assert found.shown[:5] == ("👨 1/3", "👨 2/3", "👨 3/3", "U+200D 1/2", "U+200D 2/2")
    assert found.shown[18:21] == ("␣🙂", "🙂 1/2", "🙂 2/2")
    assert found.word_texts == (FAMILY, "🙂", "🙂", "\U0001f1eb\U0001f1f7")
    assert found.words == (0,) * 18 + (1, 2, 2) + (3,) * 6


def test_bytes_code(bytewise: SubwordTokenizer) -> None:
    found = bytewise.encode("def f(x):\n\treturn x+12345")
    assert found.shown == (
        *("def", "␣f", "(", "x", "):", "⏎", "⇥", "return", "␣x", "+", "1", "2", "3", "4", "5"),
    )
    # "):" is one token, and so one word here; white space goes with the word after it.
    assert found.word_texts == ("def", "f", "(", "x", "):", "return", "x", "+", "12345")
    assert found.words == (0, 1, 2, 3, 4, 5, 5, 5, 6, 7, 8, 8, 8, 8, 8)


def test_bytes_accents(bytewise: SubwordTokenizer) -> None:
    found = bytewise.encode("caf\u00e9 cafe\u0301")
    assert found.shown == ("c", "af", "é", "␣ca", "fe", "◌\u0301 1/2", "◌\u0301 2/2")
    assert found.word_texts == ("caf\u00e9", "cafe\u0301")


def test_bytes_special_tokens_that_were_typed(bytewise: SubwordTokenizer) -> None:
    found = bytewise.encode("a <|im_start|>user\n")
    assert found.shown == ("a", "␣", "<|im_start|>", "user", "⏎")
    assert at(found.special) == [2]
    assert found.word_texts == ("a", " ", "<|im_start|>", "user", "\n")
    assert found.words == (0, 1, 2, 3, 4)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\r\n", ("␍⏎",)),
        ("\u00a0", ("U+00A0",)),
        ("\u3000", ("U+3000 1/2", "U+3000 2/2")),
        ("\ufe0f", ("U+FE0F",)),
        ("      ", ("␣" * 6,)),
        ("", ()),
    ],
)
def test_bytes_nobody_sees(bytewise: SubwordTokenizer, text: str, shown: tuple[str, ...]) -> None:
    assert bytewise.encode(text).shown == shown


def test_wordpiece_cut(wordpiece: SubwordTokenizer) -> None:
    found = wordpiece.encode("the cat was unbelievably tired", longest=7)
    assert found.pieces == ("[CLS]", "the", "cat", "was", "un", "##bel", "[SEP]")
    assert found.word_texts == ("[CLS]", "the", "cat", "was", "unbel", "[SEP]")  # what was read
    assert found.left_out == 4
    assert wordpiece.encode("the cat", longest=4).left_out == 0
    assert wordpiece.encode("the cat", longest=2).pieces == ("[CLS]", "[SEP]")
    assert wordpiece.encode("the cat", longest=2).left_out == 2


def test_cut_before_added_tokens(bytewise: SubwordTokenizer) -> None:
    ing = bytewise.encode("ing").ids
    found = bytewise.encode("I walk home again", longest=3, added=ing)
    assert found.pieces == ("I", "Ġwalk", "ing")
    assert found.word_texts == ("I", "walking")
    assert found.left_out == 2


def test_a_dropped_accent_stays_when_the_rest_is_cut(wordpiece: SubwordTokenizer) -> None:
    found = wordpiece.encode("cafe\u0301 noir", longest=3)
    assert found.word_texts == ("[CLS]", "cafe\u0301", "[SEP]")


def test_cut_inside_a_character(bytewise: SubwordTokenizer) -> None:
    found = bytewise.encode("x我", longest=2)
    assert found.shown == found.pieces == ("x", "æĪ")
    assert found.word_texts == ("x", "我")
    assert found.left_out == 1


def test_longest_has_no_room(wordpiece: SubwordTokenizer, bytewise: SubwordTokenizer) -> None:
    with pytest.raises(ValueError, match=r"longest must be at least 2, .* got 1"):
        wordpiece.encode("a", longest=1)
    with pytest.raises(ValueError, match=r"longest must be at least 3, .* got 2"):
        bytewise.encode("a", longest=2, added=[17, 17, 17])
    assert bytewise.encode("a", longest=3, added=[17, 17, 17]).shown == ("!", "!", "!")


def test_added_tokens_join_words(bytewise: SubwordTokenizer) -> None:
    the, end = bytewise.encode(" the<|im_end|>").ids
    found = bytewise.encode("I did", added=[*bytewise.encode("n't").ids, the, end, the])
    assert found.shown == ("I", "␣did", "n", "'t", "␣the", "<|im_end|>", "␣the")
    assert found.words == (0, 1, 1, 1, 2, 3, 4)
    assert found.word_texts == ("I", "didn't", "the", "<|im_end|>", "the")
    assert at(found.special) == [5]


def test_added_bytes_make_a_character(bytewise: SubwordTokenizer) -> None:
    first, second = bytewise.encode("我").ids
    half = bytewise.encode("a", added=[first])
    assert half.shown == ("a", "æĪ")
    assert half.words == (0, 1)
    assert half.word_texts == ("a", "\ufffd\ufffd")  # one a byte
    whole = bytewise.encode("a", added=[first, second])
    assert whole.shown == ("a", "我 1/2", "我 2/2")
    assert whole.words == (0, 1, 1)
    assert whole.word_texts == ("a", "我")


def test_an_added_byte_ends_a_character_of_the_text(bytewise: SubwordTokenizer) -> None:
    _, *rest = bytewise.encode("👩").ids  # 👨 and 👩 begin alike
    found = bytewise.encode("x👨", longest=4, added=rest)
    assert found.shown == ("x", "👩 1/3", "👩 2/3", "👩 3/3")
    assert found.words == (0, 1, 1, 1)
    assert found.word_texts == ("x", "👩")


def test_added_to_wordpiece(wordpiece: SubwordTokenizer) -> None:
    _, cat, sep = wordpiece.encode("cat").ids
    s = wordpiece.encode("unbelievably").ids[2]
    found = wordpiece.encode("a", added=[cat, s, sep])
    assert found.shown == ("[CLS]", "a", "[SEP]", "cat", "##bel", "[SEP]")
    assert found.word_texts == ("[CLS]", "a", "[SEP]", "catbel", "[SEP]")
    assert found.words == (0, 1, 2, 3, 3, 4)


def test_half_a_surrogate_pair(bytewise: SubwordTokenizer) -> None:
    assert bytewise.encode("\ud83dx").word_texts == ("\ufffd", "x")
    assert bytewise.encode("\ud83d\ude42").word_texts == ("🙂",)  # both halves


# Tokenisers of other makes, in miniature.


def unigram() -> SubwordTokenizer:
    """T5's kind: spaces as ▁, <unk> for what it doesn't know, </s> at the end."""
    pieces = ["<unk>", "</s>", "▁", "▁the", "▁cat", "s", "t", "1", "/", "2"]
    tokenizer = Tokenizer(
        models.Unigram([(piece, -float(i)) for i, piece in enumerate(pieces)], unk_id=0)
    )
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(["<unk>", "</s>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    return SubwordTokenizer(tokenizer)


def test_sentencepiece() -> None:
    found = unigram().encode("the  cats 我 ½</s>")
    assert found.pieces == (
        *("▁the", "▁", "▁cat", "s", "▁", "<unk>", "▁", "1", "<unk>", "2", "</s>", "</s>"),
    )
    assert found.shown == (
        *("␣the", "␣", "␣cat", "s", "␣", "<unk>", "␣", "1", "<unk>", "2", "</s>", "</s>"),
    )
    assert at(found.unknown) == [5, 8]
    assert at(found.special) == [10, 11]
    assert found.words == (0, 1, 1, 1, 2, 2, 3, 3, 3, 3, 4, 5)
    assert found.word_texts == ("the", "cats", "我", "½", "</s>", "</s>")


def test_sentencepiece_added() -> None:
    tokenizer = unigram()
    found = tokenizer.encode("", added=[3, 4, 5, 1])
    assert found.shown == ("</s>", "␣the", "␣cat", "s", "</s>")
    assert found.word_texts == ("</s>", "the", "cats", "</s>")
    assert found.words == (0, 1, 2, 2, 3)
    assert tokenizer.shown(2) == "␣"


def with_byte_fallback() -> SubwordTokenizer:
    """Llama 2's kind: what isn't in the vocabulary is written in bytes."""
    pieces = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "a", "b", "▁a"]
    tokenizer = Tokenizer(
        models.BPE(
            {piece: token for token, piece in enumerate(pieces)},
            [("▁", "a")],
            unk_token="<unk>",
            byte_fallback=True,
        )
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    tokenizer.add_special_tokens(["<unk>"])
    return SubwordTokenizer(tokenizer)


def test_byte_fallback() -> None:
    tokenizer = with_byte_fallback()
    found = tokenizer.encode("ab é\n")
    assert found.pieces == ("▁a", "b", "▁", "<0xC3>", "<0xA9>", "<0x0A>")
    assert found.shown == ("␣a", "b", "␣", "é 1/2", "é 2/2", "⏎")
    assert found.words == (0, 0, 1, 1, 1, 2)
    assert found.word_texts == ("ab", "é", "\n")
    assert not any(found.unknown)
    assert tokenizer.shown(found.ids[3]) == "⟨C3⟩"
    grown = tokenizer.encode("ab", added=found.ids[2:])
    assert grown.shown == found.shown
    assert (grown.words, grown.word_texts) == (found.words, found.word_texts)


def test_byte_level_with_trimmed_offsets_and_composed_letters() -> None:
    """RoBERTa's kind leaves spaces out of the offsets, and Qwen's composes é first."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {piece: token for token, piece in enumerate(["<s>", "</s>", *letters])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<s>", "</s>", AddedToken("<mask>", lstrip=True)])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 1), ("<s>", 0))
    found = SubwordTokenizer(tokenizer).encode("e\u0301 <mask> ")
    assert found.shown == ("<s>", "␣", "é 1/2", "é 2/2", "<mask>", "␣", "</s>")
    assert at(found.special) == [0, 4, 6]
    assert found.words == (0, 1, 1, 1, 2, 3, 4)
    assert found.word_texts == ("<s>", "e\u0301", "<mask>", " ", "</s>")


def check(found: Subwords, text: str) -> None:
    fields = (found.pieces, found.shown, found.special, found.unknown, found.words)
    assert {len(field) for field in fields} == {len(found)}
    assert sorted(set(found.words)) == list(range(len(found.word_texts)))
    assert list(found.words) == sorted(found.words)
    assert all(found.shown)
    assert all(found.word_texts)
    assert not any(a and b for a, b in zip(found.special, found.unknown, strict=True))
    # White space aside, words are pieces of the text in its order.
    place = 0
    special = {word for word, flag in zip(found.words, found.special, strict=True) if flag}
    for word, written in enumerate(found.word_texts):
        if word not in special and written.strip():
            place = text.index(written, place) + len(written)


@given(text=st.text(st.characters(), max_size=30), longest=st.none() | st.integers(2, 12))
@example(text="\ud800 \udc00\ud800", longest=None)
@example(text="a\u0006 \u0004 ", longest=None)
@example(text=" \u0301[SEP]<|im_end|>\U00046131", longest=3)
@examples(60)
def test_any_text(
    wordpiece: SubwordTokenizer, bytewise: SubwordTokenizer, text: str, longest: int | None
) -> None:
    typed = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    for tokenizer in (wordpiece, bytewise):
        found = tokenizer.encode(text, longest)
        check(found, typed)
        assert longest is None or len(found) <= longest
        assert found.left_out == len(tokenizer.encode(text)) - len(found)


# A few control characters and planes that are hardly used have no piece in SmolLM2's vocabulary.
IN_VOCABULARY = st.characters(
    codec="utf-8",
    max_codepoint=0x3FFFF,
    exclude_characters="\u0004\u0006\u0013\u0014\u0016\u001d",
)
PARTS = st.sampled_from([" ", "\n", "didn't", "12", "喜", "🙂", "\u0301", "\u200d", "):"])


@given(text=st.lists(IN_VOCABULARY | PARTS, max_size=20).map("".join))
@examples(60)
def test_bytes_are_the_whole_text(bytewise: SubwordTokenizer, text: str) -> None:
    found = bytewise.encode(text)
    check(found, text)
    assert bytewise.decode(found.ids) == text
    # The same tokens after no text at all: where they are follows from their bytes alone.
    again = bytewise.encode("", added=found.ids)
    assert (again.ids, again.shown, again.special) == (found.ids, found.shown, found.special)
    assert (again.words, again.word_texts) == (found.words, found.word_texts)
    if not any(found.special):
        # Several words may share a token, but none is torn apart.
        assert [w for written in found.word_texts for w in split_words(written)] == split_words(
            text
        )
