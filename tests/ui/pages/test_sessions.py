"""People who use the app at the same time see their own page and nobody else's."""

import numpy as np

from tests.defaults import run_of
from tests.ui.helpers import change, control, notices, numbers, open_app, send, strip


def test_two_sessions_take_turns_without_influence() -> None:
    one, other = open_app("text=one+two&heads=100"), open_app("text=three&seed=4")
    assert len(notices(one)) == 1
    assert notices(other) == []
    change(one, seed=9, mask="causal")
    change(other, text="three four five", heads=2)
    send(one, "strip", "pick", 1)
    change(other, q=0)
    run = run_of("one two", heads=16, seed=9, mask="causal")
    np.testing.assert_array_equal(
        np.nan_to_num(np.array(numbers(one))), run.attention().field("weights")
    )
    np.testing.assert_array_equal(
        numbers(other),
        run_of("three four five", seed=4, heads=2).attention().field("weights"),
    )
    assert (control(one, "q").value, control(other, "q").value) == (1, 0)
    assert (strip(one)["tokens"], strip(other)["tokens"]) == (
        ["one", "two"],
        ["three", "four", "five"],
    )
    assert (control(one, "mask").value, control(other, "mask").value) == ("causal", "none")


def test_a_session_begun_after_others_opens_as_the_first_did() -> None:
    first = open_app()
    change(open_app("heads=3&seed=x"), projection="shared", positions="sinusoidal", view="cell")
    later = open_app()
    np.testing.assert_array_equal(numbers(later), numbers(first))
    assert notices(later) == []
    assert later.query_params == {}
