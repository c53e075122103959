"""What a model of transformers is called with, and where its sentences end."""

import pytest
import torch

from model.pretrained.hugging_face_run import last_places, own_tokens, written

IDS = torch.zeros(3, 4, dtype=torch.long)


def test_a_sentences_own_tokens_come_first() -> None:
    assert own_tokens(IDS, [4, 1, 0]).tolist() == [[1, 1, 1, 1], [1, 0, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize("lengths", [[4, 1], [5, 1, 1], [-1, 1, 1]])
def test_lengths_of_other_sentences_are_refused(lengths: list[int]) -> None:
    with pytest.raises(ValueError, match="lengths must be 3 numbers of at most 4, got"):
        own_tokens(IDS, lengths)


def test_the_last_token_is_the_last_of_its_own() -> None:
    inputs = {"attention_mask": own_tokens(IDS, [4, 2, 0])}
    assert last_places(inputs).tolist() == [3, 1, 0]


def test_of_an_encoder_and_a_decoder_it_is_the_decoder_that_writes() -> None:
    decoder = own_tokens(IDS[:, :2], [1, 2, 1])
    inputs = {"attention_mask": own_tokens(IDS, [4, 2, 3]), "decoder_attention_mask": decoder}
    assert written(inputs).tolist() == decoder.tolist()
    assert last_places(inputs).tolist() == [0, 1, 0]
