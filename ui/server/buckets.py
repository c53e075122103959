"""Token buckets: so many of something a second, and so many at once."""

from collections import OrderedDict
from collections.abc import Callable, Hashable

Clock = Callable[[], float]


class Bucket:
    """Holds up to `most` tokens, and gets `a_second` of them back.

    Args:
        a_second: tokens that come back in a second.
        most: tokens of a full one, which it is at first.
        clock: tells seconds.
    """

    def __init__(self, a_second: float, most: float, clock: Clock) -> None:
        self._a_second, self._most, self._clock = a_second, most, clock
        self._tokens, self._at = most, clock()

    def take(self, tokens: float = 1.0) -> bool:
        """Take tokens if there are enough; whether there were."""
        self._fill()
        if tokens > self._tokens:
            return False
        self._tokens -= tokens
        return True

    def borrow(self, tokens: float = 1.0) -> float:
        """Take tokens that there may not be yet; the seconds until there are."""
        self._fill()
        self._tokens -= tokens
        return max(0.0, -self._tokens / self._a_second)

    @property
    def is_full(self) -> bool:
        """Whether it is as if nobody had ever taken any."""
        self._fill()
        return self._tokens >= self._most

    def _fill(self) -> None:
        now = self._clock()
        self._tokens = min(self._most, self._tokens + (now - self._at) * self._a_second)
        self._at = now


class Buckets:
    """A bucket for each of those who ask; whoever might as well never have asked is forgotten."""

    def __init__(self, a_second: float, most: float, clock: Clock) -> None:
        self._a_second, self._most, self._clock = a_second, most, clock
        self._of: OrderedDict[Hashable, Bucket] = OrderedDict()  # who asked last is last

    def __len__(self) -> int:
        return len(self._of)

    def take(self, who: Hashable, tokens: float = 1.0) -> bool:
        """Take tokens of somebody's bucket if there are enough; whether there were."""
        while self._of and next(iter(self._of.values())).is_full:
            self._of.popitem(last=False)
        bucket = self._of.setdefault(who, Bucket(self._a_second, self._most, self._clock))
        self._of.move_to_end(who)
        return bucket.take(tokens)
