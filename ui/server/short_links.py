"""Short links: codes of six letters, which stand for links that are too long for a board.

A code is no password. There are 64 million, so that whoever tries thousands finds somebody's link:
it holds what an address holds.
"""

import re
import secrets
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from model.errors import CodedError, CodedValueError

PARAMETER = "go"  # of an address that asks for the link that a code stands for
# What is written by hand and read from the last row: i and l look like 1, o looks like 0, and u
# like v. Without a and e there is no vowel left, and so no word that a class would laugh at.
ALPHABET = "bcdfghjkmnpqrstvwxyz"
LETTERS = 6
MOST = 10_000  # codes, 30 MB at the most
# Characters of a link. The answer that leads to it is a header, of which many proxies take 4 KB.
LONGEST = 3_000
MOST_OF_A_SESSION = 20  # codes that are still known: more than a teacher writes on a board
MOST_A_MINUTE = 100  # new codes, of all sessions: a large class, each of whom shares at once
MINUTE = 60.0  # seconds
# The name of a page, and what urlencode writes: no scheme, host, path or control character. So it
# leads nowhere but to a page of this app, whatever it is resolved against.
LINK = re.compile(r"[a-z][a-z0-9-]{0,40}(\?[A-Za-z0-9_.~%+&=-]*)?")


class NoMoreCodes(CodedError):
    """There is no new code now."""


@dataclass
class _Made:
    code: str
    session: str  # that has asked for it first


class ShortLinks:
    """The links that codes stand for, in memory: a restart forgets them.

    At most `most` are known; those that were asked for longest ago are forgotten first. So that
    nobody pushes out everybody else's, a session has at most `of_a_session` of them. Sessions cost
    a stranger little, and an address may be that of a whole school: so there are also at most
    `a_minute` new ones within a minute, and to push out all takes more than an hour and a half.
    """

    def __init__(
        self,
        most: int = MOST,
        of_a_session: int = MOST_OF_A_SESSION,
        a_minute: int = MOST_A_MINUTE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._of_a_session, self._a_minute = most, of_a_session, a_minute
        self._clock = clock
        self._lock = Lock()
        self._made: OrderedDict[str, _Made] = OrderedDict()  # by link, the youngest last
        self._links: dict[str, str] = {}  # by code
        self._of_session: Counter[str] = Counter()
        self._new: deque[float] = deque()  # when the codes of the last minute were made

    def __len__(self) -> int:
        return len(self._made)

    def code_of(self, link: str, session: str = "") -> str:
        """Return the code of a link, the same whenever it is asked for; made if there is none.

        Args:
            link: a page's name and its parameters, such as "explore?heads=4".
            session: who asks.

        Raises:
            CodedValueError: if it is too long, or no link to a page of the app.
            NoMoreCodes: if there is no code yet, and too many were made by this session or lately.
        """
        if len(link) > LONGEST:
            raise CodedValueError(
                "short_link.too_long",
                "the link has {count} characters, and a short one can stand for {most}",
                count=len(link),
                most=LONGEST,
            )
        if not LINK.fullmatch(link):
            raise CodedValueError("short_link.no_link", "this is no link to a page of the app")
        with self._lock:
            if (made := self._made.get(link)) is None:
                self._check_room(session)
                made = self._add(link, session)
            self._made.move_to_end(link)
            return made.code

    def link_of(self, code: str) -> str | None:
        """Return the link that a code stands for, or None; as people type it, in any case."""
        return self._links.get(read_code(code))  # at once, without the lock

    def _check_room(self, session: str) -> None:
        if self._of_session[session] >= self._of_a_session:
            raise NoMoreCodes(
                "short_link.of_session",
                "this window has made {most} short links, as many as one may",
                most=self._of_a_session,
            )
        now = self._clock()
        while self._new and self._new[0] <= now - MINUTE:
            self._new.popleft()
        if len(self._new) >= self._a_minute:
            raise NoMoreCodes(
                "short_link.of_minute",
                "the server has made {most} short links within a minute; try again in another one",
                most=self._a_minute,
            )
        self._new.append(now)

    def _add(self, link: str, session: str) -> _Made:
        code = draw_code()
        while code in self._links:
            code = draw_code()
        made = self._made[link] = _Made(code, session)
        self._links[code] = link
        self._of_session[session] += 1
        while len(self._made) > self._most:
            _link, oldest = self._made.popitem(last=False)
            del self._links[oldest.code]
            self._of_session[oldest.session] -= 1
            if not self._of_session[oldest.session]:
                del self._of_session[oldest.session]
        return made


def draw_code() -> str:
    """Return a code at random, whether there is one like it or not."""
    return "".join(secrets.choice(ALPHABET) for _letter in range(LETTERS))


def read_code(text: str) -> str:
    """Return a code as it is kept, from one as people type it; empty where it can't be one."""
    code = text.strip()
    if len(code) != LETTERS or not code.isascii():  # the sign of a Kelvin is a k in lower case
        return ""
    return code.lower() if code.isalpha() else ""


SHORT_LINKS = ShortLinks()  # this server's
