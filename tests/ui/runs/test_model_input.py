"""What is asked of a trained model, within what it and the server can take."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ui.runs.model_input import most_added


@pytest.mark.parametrize(
    ("longest", "room", "most"),
    [
        (2048, 512, 64),  # what a link holds and a class waits for
        (128, 128, 64),
        (2048, 127, 63),  # half of the room on this server: the text has to fit before them
        (2048, 60, 30),
        (40, 512, 20),  # half of the model's positions
        (41, 100, 20),
        (1, 100, 0),
    ],
)
def test_a_model_writes_half_of_what_there_is_room_for_and_64_at_most(
    longest: int, room: int, most: int
) -> None:
    assert most_added(cast("Any", SimpleNamespace(longest=longest)), room) == most
