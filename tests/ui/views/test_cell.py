"""The cell inspector: the arithmetic leads from the trace's queries and keys to its weight."""

import math
import re

import numpy as np
import pytest

from tests.defaults import run_of
from tests.ui.helpers import alt, array, change, chart, link, open_app
from tests.ui.views.helpers import number, steps
from ui.text.markdown import verbatim
from viz.theme import DARK, LIGHT, Theme

TEXT = "the cat saw the dog"


@pytest.mark.parametrize("temperature", [1.0, 0.1])
@pytest.mark.parametrize(("head", "query", "key"), [(0, 0, 0), (3, 4, 1), (1, 2, 2)])
def test_the_steps_of_a_cell_lead_to_the_models_weight(
    head: int, query: int, key: int, temperature: float
) -> None:
    page = open_app(
        link(text=TEXT, heads=4, embed_size=32, mask="causal", view="cell", head=head, q=query,
             k=key, temperature=temperature)
    )  # fmt: skip
    run = run_of(TEXT, heads=4, embed_size=32, mask="causal", temperature=temperature)
    found = steps(page)
    trace = run.attention().trace
    q, k = (
        getattr(trace, name)[0, head].numpy().astype(np.float64) for name in ("queries", "keys")
    )
    divisor = math.sqrt(8) * temperature
    scores = (q[query] * k[: query + 1]).sum(axis=1) / divisor  # of what the mask allows
    largest = scores.max()
    expected = {
        "energy": (q[query] * k[key]).sum(),
        "divisor": divisor,
        "score": scores[key],
        "largest score in the row": largest,
        "exponential": math.exp(scores[key] - largest),
        "denominator": np.exp(scores - largest).sum(),
        "weight": math.exp(scores[key] - largest) / np.exp(scores - largest).sum(),
    }
    for step, value in expected.items():
        assert number(found[step]) == pytest.approx(value, rel=1e-8, abs=1e-12), step
    assert found["mask"] == "may attend"
    weight = trace.weights[0, head, query, key].item()
    assert np.float32(number(found["the module's weight (float32)"])) == np.float32(weight)
    assert number(found["weight"]) == pytest.approx(weight, abs=1e-6)
    # What is written adds up, to the nine digits that are shown.
    assert number(found["energy"]) / number(found["divisor"]) == pytest.approx(
        number(found["score"]), rel=1e-8
    )
    assert number(found["exponential"]) / number(found["denominator"]) == pytest.approx(
        number(found["weight"]), rel=1e-8
    )
    difference = abs(expected["weight"] - weight)
    said = re.search(r"differs from the module by (\S+)\.$", page.markdown[-1].value)
    assert said is not None
    assert float(said[1]) == pytest.approx(difference, rel=0.06, abs=1e-15)


def test_a_masked_cell_has_its_energy_and_no_weight() -> None:
    page = open_app(link(text=TEXT, mask="causal", view="cell", head=2, q=1, k=4))
    run = run_of(TEXT, mask="causal")
    found = steps(page)
    energy = run.attention().trace.energy[0, 2, 1, 4].item()
    assert number(found["energy"]) == pytest.approx(energy, rel=1e-5)
    assert number(found["score"]) == pytest.approx(energy / math.sqrt(8), rel=1e-5)
    assert found["mask"] == "masked: score becomes −∞"
    largest = run.attention().trace.scores[0, 2, 1, :2].max().item()
    assert number(found["largest score in the row"]) == pytest.approx(largest, rel=1e-5)
    assert number(found["exponential"]) == number(found["weight"]) == 0
    assert 1 <= number(found["denominator"]) <= 2  # the two keys that it may attend to
    assert number(found["the module's weight (float32)"]) == 0


def test_a_row_with_nothing_to_attend_to_has_no_weight_and_no_nan() -> None:
    page = open_app(link(text="", text2="a b", mask="padding", view="cell", q=1, k=0))
    found = steps(page)
    assert found["mask"] == "masked: score becomes −∞"
    assert found["largest score in the row"] == "−∞"
    for step in ("exponential", "denominator", "weight", "the module's weight (float32)"):
        assert found[step] == "0"
    assert "nan" not in " ".join(m.value for m in page.markdown).lower()


def test_the_bars_are_the_products_with_both_factors_on_hover() -> None:
    page = open_app(link(text=TEXT, view="cell", head=1, q=2, k=3))
    trace = run_of(TEXT).attention().trace
    q, k = trace.queries[0, 1, 2].double().numpy(), trace.keys[0, 1, 3].double().numpy()
    bars, of_query, of_key = chart(page, "products_chart")["data"]
    np.testing.assert_array_equal(array(of_query["y"]), q)
    np.testing.assert_array_equal(array(of_key["y"]), k)
    np.testing.assert_array_equal(array(bars["y"]), q * k)
    np.testing.assert_array_equal(array(bars["customdata"]), np.stack([q, k, q * k], axis=1))
    positive, negative = "#d97b29", "#3f82c4"
    assert bars["marker"]["color"] == [positive if p >= 0 else negative for p in q * k]
    said = re.fullmatch(
        r"8 products of query and key, one a dimension, from (\S+) to (\S+); their sum is (\S+)\.",
        alt(page, "products_chart"),
    )
    assert said is not None
    assert [float(n) for n in said.groups()] == pytest.approx(
        [(q * k).min(), (q * k).max(), (q * k).sum()], rel=6e-3
    )


def test_a_number_has_four_digits_and_tells_the_others_when_it_is_pointed_at() -> None:
    page = open_app(link(text=TEXT, view="cell", head=1, q=2, k=3))
    energy = run_of(TEXT).attention().trace.energy[0, 1, 2, 3].item()
    (table,) = [m.value for m in page.markdown if m.value.startswith("| step")]
    (line,) = [line for line in table.split("\n") if line.startswith("| energy")]
    found = re.search(r'<span title="([^"]+)">([^<]+)</span>', line)
    assert found is not None
    assert found[2].replace("−", "-") == f"{energy:.4g}"
    assert len(found[1].lstrip("−0.")) >= 8
    assert number(found[1]) == pytest.approx(energy, rel=1e-6)


def test_the_question_names_the_tokens_and_their_places() -> None:
    page = open_app(link(text=TEXT, view="cell", head=2, q=1, k=3))
    assert page.markdown[1].value.startswith(
        "**How much does query 1 ` cat ` attend to key 3 ` the `, in head 2?**"
    )


def test_nothing_chosen_is_the_first_cell_and_what_is_not_there_the_last() -> None:
    page = open_app(link(text="a b", view="cell"))
    assert "query 0 ` a ` attend to key 0 ` a `, in head 0" in page.markdown[1].value
    change(page, q=9, k=9)
    assert "query 1 ` b ` attend to key 1 ` b `, in head 0" in page.markdown[1].value
    assert [box.value for box in page.warning] == [
        "There is no query 9 in this sentence; showing the last one, 1.  \n"
        "There is no key 9 in this sentence; showing the last one, 1."
    ]


def test_the_second_sentence_has_cells_of_its_own() -> None:
    page = open_app(link(text="a b", text2="c d", sentence=2, view="cell", q=0, k=1))
    energy = run_of("a b", "c d").attention().trace.energy[1, 0, 0, 1].item()
    assert number(steps(page)["energy"]) == pytest.approx(energy, rel=1e-5)
    assert "query 0 ` c ` attend to key 1 ` d `" in page.markdown[1].value


@pytest.mark.parametrize("token", ["`", "<a``b>", "$x$", "**b**", "|"])
def test_a_token_in_the_question_is_shown_as_typed(token: str) -> None:
    page = open_app(link(text=token, tokenizer="characters", view="cell"))
    assert f"{verbatim(token[0])} attend to" in page.markdown[1].value
    change(page, tokenizer="words")
    assert "query 0 `" in page.markdown[1].value


@pytest.mark.parametrize(("mode", "theme"), [("light", LIGHT), ("dark", DARK)])
def test_the_query_and_the_key_have_their_colours_in_the_formula(mode: str, theme: Theme) -> None:
    page = open_app("view=cell&text=a+b", theme=mode)
    (table,) = [m.value for m in page.markdown if m.value.startswith("| step")]
    assert f"{{\\color{{{theme.query}}}q_d}} {{\\color{{{theme.key}}}k_d}}" in table
