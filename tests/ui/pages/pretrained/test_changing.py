"""Changing something by hand on Pretrained, and what follows, against the models themselves."""

from functools import cache

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor

from model.interventions import AttentionChange, Changes, EdgeCut
from tests.ui.helpers import (
    change,
    checked,
    control,
    header,
    is_drawn,
    notices,
    numbers,
    open_app,
    value,
)
from tests.ui.pages.pretrained.helpers import (
    MARY,
    button,
    captions,
    loaded,
    markdown,
    needs_minilm,
    needs_smollm2,
    open_trained,
    run_model,
)

pytestmark = [needs_minilm, needs_smollm2]
LAYERS, LAST = 30, 13  # of SmolLM2, and of Mary's sentence
EVERYWHERE = {layer: AttentionChange(cuts=(EdgeCut(0, None, LAST, 1),)) for layer in range(LAYERS)}


def opened(**parameters: object) -> AppTest:
    return open_trained(model="smollm2", text=MARY, **parameters)


def popover(page: AppTest) -> AppTest:
    page.session_state["change_popover"] = True
    return checked(page.run())


def press(page: AppTest, key: str) -> AppTest:
    button(page, key).click()
    return checked(page.run())


def texts(page: AppTest) -> list[str]:
    return [str(each.value) for each in page.markdown]


@cache
def changed(which: str) -> tuple[Tensor, Tensor, Tensor]:
    """The probabilities, the largest changes of weights by head, and how far vectors moved."""
    (side,), before = run_model("smollm2", MARY)
    changes = {
        "cut": Changes(EVERYWHERE),
        "mean": Changes({1: AttentionChange(averaged=(5,))}),
        "even": Changes({18: AttentionChange(patterns={(0, 6): torch.ones(14, 14)})}),
    }[which]
    after = loaded("smollm2").run(torch.tensor([side.ids]), [14], changes=changes)
    assert after.next_logits is not None
    weights = [
        (b.weights[0] - a.weights[0]).abs().amax((1, 2))
        for a, b in zip(before.trace.encoder_self, after.trace.encoder_self, strict=True)
    ]
    moved = [
        (b[0] - a[0]).norm(dim=-1) / a[0].norm(dim=-1)
        for a, b in zip(
            before.trace.encoder_stream[::2], after.trace.encoder_stream[::2], strict=True
        )
    ]
    return after.next_logits[0].double().softmax(0), torch.stack(weights), torch.stack(moved)


def mary(probabilities: Tensor) -> float:
    (token,) = loaded("smollm2").tokenizer.encode(" Mary", around=False).ids
    return float(probabilities[token])


def before() -> float:
    logits = run_model("smollm2", MARY)[1].next_logits
    assert logits is not None
    return mary(logits[0].double().softmax(0))


@pytest.mark.parametrize(
    ("which", "link"), [("cut", {"cut": "13.1"}), ("mean", {"mean": "1.5"}),
                        ("even", {"put": "18.6.uniform"})]
)  # fmt: skip
def test_a_link_shows_what_follows_in_answer_stream_and_weights(
    which: str, link: dict[str, str]
) -> None:
    page = opened(view="causes", **link)
    probabilities, weights, moved = changed(which)
    now, had = mary(probabilities), before()
    verb = "falls" if now < had else "rises"
    assert markdown(page, "` ␣Mary `").startswith(
        f"` ␣Mary ` {verb} from **{had:.1%}** to **{now:.1%}**; the whole prediction moves by "
    )
    (shown,) = numbers(page, "weights_change_chart")
    np.testing.assert_allclose(shown, weights, atol=1e-6)
    (stream,) = numbers(page, "stream_change_chart")
    np.testing.assert_allclose(stream, moved.T, atol=1e-5)
    assert "**1 change by hand**" in header(page)
    assert notices(page) == []


def test_one_cut_makes_mary_fall_as_the_readme_says() -> None:
    (side,), _ = run_model("smollm2", MARY)
    one_layer = Changes({23: EVERYWHERE[23]})
    logits = loaded("smollm2").run(torch.tensor([side.ids]), [14], changes=one_layer).next_logits
    assert logits is not None
    found = [before(), mary(changed("cut")[0]), mary(logits[0].double().softmax(0))]
    assert [f"{each:.0%}" for each in found] == ["92%", "23%", "45%"]


def test_nothing_that_is_changed_says_where_to_begin() -> None:
    page = opened(view="causes")
    (info,) = page.info
    assert str(info.value).startswith("Nothing is changed yet.")


def test_a_head_and_an_edge_are_changed_and_undone_one_by_one() -> None:
    page = popover(opened(view="heads", layer=9, head=4, q=LAST, k=1))
    assert "Nothing is changed yet." in captions(page)
    for key, parameter, written in (
        ("change_removed", "removed", "9.4"),
        ("change_averaged", "mean", "9.4"),
        ("change_uniform", "put", "9.4.uniform"),
        ("change_kept", "put", "9.4.kept"),
        ("change_cuts_Cut in this head", "cut", "13.1.9.4"),
        ("change_cuts_Cut in this layer", "cut", "13.1.9.4,13.1.9"),
        ("change_cuts_Cut everywhere", "cut", "13.1.9.4,13.1.9,13.1"),
    ):
        press(page, key)
        assert page.query_params[parameter] == value(page, parameter) == written
    assert "**1 head removed**, **5 changes by hand**" in header(page)
    said = texts(page)
    assert "Layer 9, head 4: set to its mean" in said
    assert "Layer 9, head 4: its weights as before" in said
    assert "` ␣to ·13 ` → ` ␣Mary ` cut everywhere" in said
    press(page, "undo_cuts_1")
    assert page.query_params["cut"] == "13.1.9.4,13.1"
    press(page, "change_removed")  # once more: it is put back
    assert "removed" not in page.query_params
    press(page, "undo_all")
    assert not {"removed", "mean", "cut", "put"} & set(page.query_params)
    assert "by hand" not in header(page)


def test_a_weight_that_is_dragged_stands_in_the_link_and_in_the_picture() -> None:
    page = popover(opened(view="heads", layer=9, head=4, q=LAST, k=1))
    (slider,) = [each for each in page.slider if each.key == "edge_weight"]
    whole = run_model("smollm2", MARY)[1].trace.encoder_self[9].weights[0, 4, LAST]
    assert slider.value == round(100 * float(whole[1]))
    slider.set_value(70)
    checked(page.run())
    assert page.query_params["edge"] == "13.1.9.4.70"
    row = numbers(page)[4][LAST]
    assert row[1] == pytest.approx(0.7, abs=1e-6)
    rest = np.delete(whole.numpy(), 1)
    np.testing.assert_allclose(np.delete(row, 1), rest / rest.sum() * 0.3, atol=1e-6)


def test_what_is_masked_cant_be_cut() -> None:
    page = popover(opened(view="heads", layer=9, head=4, q=1, k=5))
    assert "` ␣Mary ` can't look at ` ␣to ·5 ` in any case: it is masked." in captions(page)
    assert not [each for each in page.button if "cuts" in (each.key or "")]


def test_what_the_sentence_hasnt_got_waits() -> None:
    page = popover(open_trained(model="smollm2", text="Hello there", cut="13.1", removed="1.1"))
    assert "**1 head removed**, **1 change by hand**" in header(page)
    (waiting,) = [each for each in captions(page) if "do nothing now" in each]
    assert waiting.startswith("1 of them do nothing now: the sentence has no such token")
    assert page.query_params["cut"] == "13.1"
    assert notices(page) == []


def test_another_sentences_pattern_is_put_in_where_it_is_as_long() -> None:
    other = MARY.replace("Mary", "Anna")
    page = opened(view="heads", layer=9, head=4, put="9.4.other", from_text=other)
    elsewhere = run_model("smollm2", other)[1].trace.encoder_self[9].weights[0, 4]
    assert elsewhere.shape == (14, 14)
    np.testing.assert_array_equal(np.nan_to_num(numbers(page)[4]), elsewhere.numpy())
    change(page, from_text="Too short")
    own = run_model("smollm2", MARY)[1].trace.encoder_self[9].weights[0, 4]
    np.testing.assert_array_equal(np.nan_to_num(numbers(page)[4]), own.numpy())
    assert "1 of them do nothing now" in " ".join(captions(popover(page)))


def test_an_encoder_shows_what_becomes_of_its_vector() -> None:
    page = open_trained(text="The cat sat.", view="causes", removed="2.3")
    _, whole = run_model("minilm", "The cat sat.")
    after = run_model("minilm", "The cat sat.", removed=frozenset({(2, 3)}))[1]
    a, b = (each.trace.output[0].double().mean(0) for each in (whole, after))
    cosine = float(a @ b / (a.norm() * b.norm()))
    assert f"its cosine with the vector before is **{cosine:.4f}**" in " ".join(texts(page))


@pytest.mark.parametrize("effect", ["before", "after", "difference"])
def test_the_chosen_layers_weights_are_shown_before_after_and_as_their_difference(
    effect: str,
) -> None:
    page = opened(view="causes", removed="18.6", layer=20, effect=effect)
    whole = run_model("smollm2", MARY)[1].trace.encoder_self[20].weights[0].numpy()
    removed = frozenset({(18, 6)})
    less = run_model("smollm2", MARY, removed=removed)[1].trace.encoder_self[20].weights[0].numpy()
    expected = {"before": whole, "after": less, "difference": less - whole}[effect]
    np.testing.assert_array_equal(np.nan_to_num(numbers(page, "effect_chart")), expected)


def test_the_popover_leads_to_what_follows() -> None:
    page = popover(opened(view="heads", cut="13.1"))
    press(page, "see_causes")
    assert value(page, "view") == "causes"


def test_before_a_sentence_is_typed_there_is_nothing_to_change() -> None:
    page = popover(open_app("text=&cut=0.0&removed=1.1", path="pretrained"))
    assert "Type a sentence first." in captions(page)


def test_views_of_the_answer_share_an_entry_and_each_can_be_chosen() -> None:
    page = opened(view="heads")
    assert control(page, "view").options[-2:] == ["answer", "numbers"]
    assert not is_drawn(page, "view_of_group")
    change(page, view="answer")
    assert value(page, "view") == "next"
    within = control(page, "view_of_group")
    assert within.options == ["next token", "writers", "read early", "what follows", "circuit"]
    for view, label in (("lens", "read early"), ("causes", "what follows"), ("next", "next token")):
        control(page, "view_of_group").set_value(label)
        checked(page.run())
        assert value(page, "view") == page.query_params["view"] == view
        assert control(page, "view").value == view
    change(page, view="heads")
    assert value(page, "view") == "heads"


def test_an_edge_cut_in_one_head_has_no_score_there_and_one_in_the_others() -> None:
    page = opened(view="heads", stage="scores", layer=9, cut="13.1.9.4")
    scores = np.stack(numbers(page))
    assert np.isnan(scores[4, LAST, 1])
    assert np.isfinite(np.delete(scores[:, LAST], 4, axis=0)).all()
    page = opened(view="cell", layer=9, head=4, q=LAST, k=1, cut="13.1.9.4")
    assert "masked: score becomes −∞" in " ".join(texts(page))
    page = opened(view="head", layer=9, head=4, q=LAST, k=1, cut="13.1.9.4")
    assert not [each for each in captions(page) if "put in by hand" in each]


def test_what_was_put_in_is_said_where_its_steps_are_shown() -> None:
    page = opened(view="cell", layer=9, head=4, q=LAST, k=1, edge="13.1.9.4.70")
    assert "The module's weights of this head were put in by hand." in captions(page)
    page = opened(view="head", layer=9, head=4, put="9.4.uniform", mean="9.4")
    assert [each for each in captions(page) if "put in by hand" in each] == [
        "The weights were put in by hand: they aren't the softmax of the scores.",
        "The output was put in by hand: it isn't what the weights make of V.",
    ]
    page = opened(view="head", layer=9, head=3, put="9.4.uniform", mean="9.4")
    assert not [each for each in captions(page) if "put in by hand" in each]
