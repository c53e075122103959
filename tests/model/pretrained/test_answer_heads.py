"""Encoders that answer: masked words and classes, as transformers itself says under "eager"."""

from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("transformers")
import transformers  # after the skip

from model.interventions import AttentionChange, Changes, EdgeCut
from model.pretrained.hugging_face import load
from tests.model.pretrained.hooked import hooks_on, zero
from tests.model.pretrained.tiny_models import HEADS, config_of, saved, saved_with_head

MASK = 4
TEXT = torch.tensor([[5, 6, MASK, 8, MASK, 10], [11, MASK, 13, 3, 3, 3]])
LENGTHS = [6, 3]
CLOSE = 5e-5
CLASSES = {0: "bad", 1: "so so", 2: "good"}


def made(auto: str, folder: Path, **options: Any) -> tuple[Any, Any]:
    """A tiny BERT with a head, as transformers runs it and as we load it from its folder."""
    model, path = saved_with_head(folder, auto, **options)
    return model, load(str(path), allowed=[str(path)], most_bytes=2**30)


@pytest.fixture(scope="module")
def masked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    return made("AutoModelForMaskedLM", tmp_path_factory.mktemp("masked"))


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    return made("AutoModelForSequenceClassification", tmp_path_factory.mktemp("classes"),
                num_labels=3, id2label=CLASSES)  # fmt: skip


@torch.no_grad()
def logits_of(model: Any) -> torch.Tensor:
    own = (torch.arange(6) < torch.tensor(LENGTHS)[:, None]).long()
    logits: torch.Tensor = model(input_ids=TEXT, attention_mask=own).logits
    return logits


def test_a_masked_word_is_answered_as_transformers_does(masked: tuple[Any, Any]) -> None:
    reference, model = masked
    assert (model.kind, model.mask_token, model.class_names) == ("encoder", MASK, ())
    run = model.run(TEXT, LENGTHS)
    first, second = run.mask_logits
    wanted = logits_of(reference)
    assert (first.shape[0], second.shape[0]) == (2, 1)
    torch.testing.assert_close(first, wanted[0, [2, 4]], rtol=0, atol=CLOSE)
    torch.testing.assert_close(second, wanted[1, [1]], rtol=0, atol=CLOSE)
    assert run.class_logits is None
    assert run.next_logits is None
    assert model.compare(run).largest < 1e-5


def test_a_class_is_decided_as_transformers_does(classifier: tuple[Any, Any]) -> None:
    reference, model = classifier
    assert model.class_names == ("bad", "so so", "good")
    assert model.mask_token is None
    run = model.run(TEXT, LENGTHS)
    torch.testing.assert_close(run.class_logits, logits_of(reference), rtol=0, atol=CLOSE)
    assert run.mask_logits == ()


@pytest.mark.parametrize("what", ["masked", "classifier"])
def test_what_is_changed_by_hand_changes_the_answer_as_hooks_do(
    what: str, request: pytest.FixtureRequest
) -> None:
    reference, model = request.getfixturevalue(what)
    changes = Changes({
        0: AttentionChange(removed=(1,)),
        1: AttentionChange(cuts=(EdgeCut(0, 2, 4, 1),)),
    })  # fmt: skip
    run = model.run(TEXT, LENGTHS, changes=changes)
    inner = reference.bert
    with hooks_on(inner, "bert", HEADS) as hooks:
        hooks.edit(0, zero(1))
        hooks.cut(1, 0, 2, 4, 1)
        wanted = logits_of(reference)
    found = run.mask_logits[0] if what == "masked" else run.class_logits
    wanted = wanted[0, [2, 4]] if what == "masked" else wanted
    torch.testing.assert_close(found, wanted, rtol=0, atol=CLOSE)
    whole = model.run(TEXT, LENGTHS)
    before = whole.mask_logits[0] if what == "masked" else whole.class_logits
    assert not torch.allclose(found, before, atol=1e-6)


@pytest.mark.parametrize(
    "options", [{"num_labels": 1}, {"num_labels": 3, "problem_type": "multi_label_classification"}]
)
def test_what_decides_nothing_has_no_classes(options: dict[str, Any], tmp_path: Path) -> None:
    _, model = made("AutoModelForSequenceClassification", tmp_path, **options)
    assert model.class_names == ()
    assert model.run(TEXT, LENGTHS).class_logits is None


def test_a_head_that_the_file_lacks_is_left_out(tmp_path: Path) -> None:
    plain = transformers.AutoModel.from_config(config_of("bert"), attn_implementation="eager")
    path = saved(tmp_path, "bert", plain.eval())
    config = path / "config.json"
    config.write_text(config.read_text().replace('"BertModel"', '"BertForMaskedLM"'))
    model = load(str(path), allowed=[str(path)], most_bytes=2**30)
    assert (model.kind, model.mask_token) == ("encoder", None)
    assert model.run(TEXT, LENGTHS).mask_logits == ()
