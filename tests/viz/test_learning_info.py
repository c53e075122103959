"""What a picture of a training is made of."""

from typing import Any

import pytest

from tests.viz.trainings import (
    curves_of,
    finished,
    weights,
)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"captions": ["one"]}, "3 frames, 1 captions and 3 snapshots"),
        ({"curves": [curves_of(4)]}, "3 frames, 3 captions and 4 snapshots"),
        ({"frames": weights(2, 2, 4)}, "2 frames, 3 captions and 3 snapshots"),
        ({"active": 3}, "active must be one of 3 frames, got 3"),
        ({"active": -1}, "active must be one of 3 frames, got -1"),
    ],
)
def test_frames_that_do_not_belong_to_the_snapshots_are_refused(
    wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        finished(**wrong)
