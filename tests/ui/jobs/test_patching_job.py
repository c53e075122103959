"""A patching job: shared by those who want it, ended when nobody does, told when it fails."""

from collections.abc import Callable, Iterator
from threading import Semaphore

import pytest
import torch

pytest.importorskip("tokenizers")

from model.config import LLAMA, Config
from model.patching import Cell, Cells, PatchedPair
from model.pretrained.stack import StackModel
from model.subwords import SubwordTokenizer
from model.transformer import Encoder
from tests.model.subword_models import minilm
from tests.patience import LONG
from ui.jobs import patching_job
from ui.jobs.patching_job import (
    PATCHERS,
    PatchingJob,
    forget_patchings,
    leave_patching,
    patch,
    patching_of,
)

IDS = ([5, 6, 7], [5, 8, 9])


@pytest.fixture(scope="module")
def pair() -> PatchedPair:
    config = Config(embed_size=16, heads=2, kv_heads=1, layers=3, vocabulary=20, architecture=LLAMA)
    torch.manual_seed(0)
    encoder = Encoder(config).requires_grad_(False).eval()
    model = StackModel("small", "decoder", config, encoder, SubwordTokenizer(minilm()))
    a, b = (model.run(torch.tensor([ids]), [3]) for ids in IDS)
    return PatchedPair(model, torch.tensor([IDS[1]]), a, b)


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    forget_patchings(lambda key: True)
    yield
    forget_patchings(lambda key: True)


@pytest.fixture
def layers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Semaphore]:
    """Lets as many layers be patched as it is released."""
    allowed = Semaphore(0)

    def patched(pair: PatchedPair) -> Cells:
        for layer in reversed(range(pair.layers)):
            assert allowed.acquire(timeout=LONG)
            yield tuple(Cell(layer, head, 0.0) for head in range(pair.heads))

    monkeypatch.setitem(PATCHERS, "heads", patched)
    yield allowed
    allowed.release(30)


def asked(
    pair: PatchedPair, session: str, key: str = "key", is_open: Callable[[], bool] = lambda: True
) -> PatchingJob:
    return patch(key, lambda: PatchingJob(pair, "heads"), session, is_open)


@pytest.mark.parametrize("what", ["heads", "positions"])
def test_it_computes_every_cell_and_lets_go_of_the_traces(pair: PatchedPair, what: str) -> None:
    job = PatchingJob(pair, what)  # type: ignore[arg-type]  # one of two
    job.join("one", lambda: True)
    job.start()
    assert job.wait(LONG)
    assert job.state == "finished"
    places = {"heads": 2, "positions": 3}[what]
    assert job.shape == (3, places)
    assert sorted(cell[:2] for cell in job.cells) == [
        (layer, place) for layer in range(3) for place in range(places)
    ]
    assert job._pair is None


def test_two_share_one_and_it_goes_on_for_the_other(pair: PatchedPair, layers: Semaphore) -> None:
    job = asked(pair, "one")
    assert asked(pair, "two") is job
    leave_patching("one")
    layers.release(4)
    assert job.wait(LONG)
    assert (job.state, len(job.cells)) == ("finished", job.total)
    assert asked(pair, "three") is job


def test_when_the_last_has_left_it_ends_and_the_next_one_begins_anew(
    pair: PatchedPair, layers: Semaphore
) -> None:
    job = asked(pair, "one")
    leave_patching("one")
    layers.release()
    assert job.wait(LONG)
    assert (job.state, len(job.cells)) == ("cancelled", pair.heads)
    again = asked(pair, "one")
    assert again is not job
    layers.release(4)
    assert again.wait(LONG)
    assert again.state == "finished"


def test_who_asks_for_another_leaves_the_first(pair: PatchedPair, layers: Semaphore) -> None:
    first = asked(pair, "one")
    second = asked(pair, "one", "another key")
    layers.release(8)
    assert first.wait(LONG)
    assert second.wait(LONG)
    assert (first.state, second.state) == ("cancelled", "finished")


def test_it_ends_when_its_page_is_gone(
    pair: PatchedPair, layers: Semaphore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patching_job, "GONE_FOR", -1.0)  # at once
    job = asked(pair, "one", is_open=lambda: False)
    layers.release()
    assert job.wait(LONG)
    assert job.state == "cancelled"


def test_what_fails_says_why(pair: PatchedPair, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(pair: PatchedPair) -> Cells:
        yield (Cell(2, 0, 0.0),)
        raise ValueError("no such head")

    monkeypatch.setitem(PATCHERS, "heads", fails)
    job = asked(pair, "one")
    assert job.wait(LONG)
    assert (job.state, str(job.error), len(job.cells)) == ("failed", "no such head", 1)
    assert patching_of("key") is job
    assert asked(pair, "one") is not job
