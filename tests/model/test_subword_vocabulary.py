"""The tokens of trained models' tokenisers, one by one."""

import pytest

pytest.importorskip("tokenizers")

from model.subwords import SubwordTokenizer


@pytest.mark.parametrize("token", [-1, 49152, 2**40])
def test_no_such_token(bytewise: SubwordTokenizer, token: int) -> None:
    message = f"token {token} is not in the vocabulary, which has 49152 tokens"
    with pytest.raises(ValueError, match=message):
        bytewise.encode("a", added=[token])
    with pytest.raises(ValueError, match=message):
        bytewise.decode([17, token])
    assert bytewise.shown(token) == f"⟨{token}⟩"  # a model may predict what it has no word for


def test_one_token_alone(bytewise: SubwordTokenizer, wordpiece: SubwordTokenizer) -> None:
    the, end, *parts = bytewise.encode(" the<|im_end|>我").ids
    assert bytewise.shown(the) == "␣the"
    assert bytewise.shown(end) == "<|im_end|>"
    assert [bytewise.shown(part) for part in parts] == ["⟨E6 88⟩", "⟨91⟩"]
    spaced, *_rest = bytewise.encode(" 👨").ids
    assert bytewise.shown(spaced) == "⟨20 F0 9F⟩"  # its space is a byte, too
    assert [wordpiece.shown(token) for token in (101, 100, 1996)] == ["[CLS]", "[UNK]", "the"]


def test_decode(bytewise: SubwordTokenizer, wordpiece: SubwordTokenizer) -> None:
    assert bytewise.decode([504, 3161, 2]) == "The animal<|im_end|>"
    assert bytewise.decode([]) == ""
    assert wordpiece.decode(wordpiece.encode("Unbelievably!").ids) == "[CLS] unbelievably! [SEP]"


def test_tokens_beyond_a_table_are_those_from_its_end_on(wordpiece: SubwordTokenizer) -> None:
    assert wordpiece.beyond(30_520) == (30_520, 30_521)
    assert wordpiece.beyond(30_522) == ()
    assert (wordpiece.has(30_521), wordpiece.has(30_522), wordpiece.has(-1)) == (True, False, False)


def test_plain_words_are_whole_common_words(bytewise: SubwordTokenizer) -> None:
    words = bytewise.plain_words(5)
    assert words == bytewise.plain_words(50)[:5]
    for word in bytewise.plain_words(50):
        assert word.isascii()
        assert word.islower()
        assert 4 <= len(word) <= 7
        assert bytewise.encode(f" {word}").shown == (f"␣{word}",)  # a token by itself
