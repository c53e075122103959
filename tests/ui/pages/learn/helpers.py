"""Learn without a browser: opens it, waits for its trainings, and trains beside it."""

import re
from functools import cache
from html import unescape
from typing import Any

import numpy as np
import torch
from streamlit.testing.v1 import AppTest

from model.training.learner import load_learner
from model.training.plan import Plan
from model.training.trainer import Snapshot, train
from tests.patience import LONG
from tests.ui.helpers import array, chart, checked, link, open_app, own, value
from ui.jobs.training_queue import Training
from ui.pages.learn.memory import LearnMemory
from ui.runs.word_vectors import use_one_thread

SMALL: dict[str, object] = {"embed_size": 16, "steps": 30}  # a model that is trained in a moment
CHART = "learn_chart"


def open_learn(query: str = "", **parameters: object) -> AppTest:
    """Learn, as this link opens it."""
    return open_app("&".join(filter(None, [query, link(**parameters)])), path="learn")


def button(page: AppTest, key: str) -> Any:
    """The button with this key."""
    return next(each for each in page.button if each.key == key)


def buttons(page: AppTest) -> dict[str, bool]:
    """What the row of buttons says, and whether it can be pressed."""
    keys = ("pause", "train", "reset", "keep", "check")
    return {each.label: not each.disabled for each in page.button if each.key in keys}


def press(page: AppTest, key: str) -> AppTest:
    button(page, key).click()
    return checked(page.run())


def plan_of(page: AppTest, **changes: object) -> Plan:
    """What the page's controls describe."""
    names = ("task", "heads", "embed_size", "layers", "positions", "scale", "learning_rate")
    chosen = {key: value(page, key) for key in (*names, "steps", "seed")}
    corpus = own(page, LearnMemory).corpus
    return Plan(**{"corpus": corpus if chosen["task"] == "characters" else "", **chosen, **changes})


def trainings(page: AppTest) -> dict[Plan, Training]:
    """What has been trained on this page, or is."""
    return own(page, LearnMemory).trainings


def finish(page: AppTest) -> AppTest:
    """Wait until nothing of the page's runs any more, and show it."""
    for training in trainings(page).values():
        assert training.wait(lambda t: not t.is_active, LONG), training.state
    return checked(page.run())


def open_trained(**parameters: object) -> AppTest:
    """Learn, with what this link describes trained to its end."""
    page = open_learn(**{**SMALL, **parameters})
    press(page, "train")
    finish(page)
    assert all(t.state == "finished" for t in trainings(page).values())
    return page


@cache
def snapshots_of(plan: Plan) -> tuple[Snapshot, ...]:
    """What a training learns, without the page and in this process."""
    use_one_thread()  # as a worker does: two would round in another order
    return tuple(train(plan))


def untrained(plan: Plan) -> Snapshot:
    """What a training begins with."""
    use_one_thread()
    return next(train(plan))


def read(
    plan: Plan, snapshot: Snapshot, text: str = "", kind: str = ""
) -> tuple[np.ndarray, list[str]]:
    """What a snapshot makes of a text: all layers' weights as drawn, (N, Q, K), and its answers."""
    use_one_thread()
    task = plan.learnt
    read = load_learner(plan, snapshot.weights).read(task.example(task.split(text or task.probe)))
    kind = kind or ("cross" if task.kind == "encoder-decoder" else "encoder_self")
    weights = torch.cat([layer.weights[0] for layer in getattr(read.trace, kind)]).numpy()
    if task.kind == "decoder" or kind == "decoder_self":
        allowed = np.tril(np.ones(weights.shape[-2:], dtype=bool))
        weights = np.where(allowed, weights, np.float32("nan"))
    return weights, [task.symbols[i] for i in read.logits[0].argmax(-1).tolist()]


def answers(page: AppTest) -> dict[str, list[tuple[str, str]]]:
    """The table of what is read and said: for each row its cells' classes and texts."""
    bodies = [str(each.proto.body) for each in page.get("html")]
    (body,) = [body for body in bodies if body.startswith('<div class="answers"')]
    rows = re.findall(r'<tr class="\w*"><th>(.*?)</th>(.*?)</tr>', body)
    cell = r'<td class="(\w*)">(.*?)</td>'
    return {
        name: [(look, unescape(text)) for look, text in re.findall(cell, cells)]
        for name, cells in rows
    }


def progress(page: AppTest) -> str:
    """What the bar says."""
    (bar,) = page.get("progress")
    return str(bar.proto.text)


def heatmaps(page: AppTest) -> list[np.ndarray]:
    """The heads that the figure shows, this run's first."""
    return [array(t["z"]) for t in chart(page, CHART)["data"] if t["type"] == "heatmap"]


def tile_names(page: AppTest) -> list[str]:
    """The heads' names, without the dashes that are drawn before them."""
    data = chart(page, CHART)["data"]
    return [trace["name"] for trace in data if trace["type"] == "heatmap"]


def errors(page: AppTest) -> list[str]:
    return [box.value for box in page.error]


def captions(page: AppTest) -> list[str]:
    return [caption.value for caption in page.caption if not caption.proto.help]


def markdowns(page: AppTest) -> list[str]:
    return [str(each.value) for each in page.markdown]
