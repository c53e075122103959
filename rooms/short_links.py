"""Short links: codes of six letters, which stand for links that are too long for a board.

A code is no password. There are 64 million, so that whoever tries thousands finds somebody's link:
it holds what an address holds.
"""

from itertools import islice

from rooms.codes import draw_code, read_code
from rooms.errors import NoMoreCodes
from rooms.hashes import hash_of
from rooms.limits import MINUTE
from rooms.links import check_link
from rooms.store import Store

PARAMETER = "go"  # of an address that asks for the link that a code stands for
LETTERS = 6
MOST = 10_000  # codes, 40 MB at the most
MOST_OF_A_SESSION = 20  # codes that are still known: more than a teacher writes on a board
MOST_A_MINUTE = 100  # new codes, of all sessions: a large class, each of whom shares at once
LIFE = 90 * 24 * 3600.0  # seconds after a code was asked for last: a term, and the holidays
ALL = "links"  # the table of all codes, with the hashes of their links


class ShortLinks:
    """The links that codes stand for, in a store.

    At most `most` are known; those that were asked for longest ago are forgotten first. So that
    nobody pushes out everybody else's, a session has at most `of_a_session` of them. Sessions cost
    a stranger little, and an address may be that of a whole school: so there are also at most
    `a_minute` new ones within a minute, and to push out all takes more than an hour and a half.
    """

    def __init__(
        self,
        store: Store,
        most: int = MOST,
        of_a_session: int = MOST_OF_A_SESSION,
        a_minute: int = MOST_A_MINUTE,
    ) -> None:
        self._store = store
        self._most, self._of_a_session, self._a_minute = most, of_a_session, a_minute

    def code_of(self, link: str, session: str = "") -> str:
        """Return the code of a link, the same whenever it is asked for; made if there is none.

        Args:
            link: a page's name and its parameters, such as "explore?heads=4".
            session: who asks.

        Raises:
            CodedValueError: if it is too long, or no link to a page of the app.
            NoMoreCodes: if there is no code yet, and too many were made by this session or lately.
            StoreUnreachable: if nobody knows.
        """
        check_link(link)
        while (known := self._store.get(_by_link(link))) is not None:
            code, _space, owner = known.partition(" ")
            if self._keep(code, link, owner):
                return code
            self._forget(code, hash_of(link))  # what another server has begun to forget
        owner = hash_of(session)
        code = self._draw(link)
        try:
            self._check_room(code, owner)
        except NoMoreCodes:
            self._store.remove(_by_code(code))
            raise
        if not self._store.add(_by_link(link), f"{code} {owner}", LIFE):
            self._store.remove(_by_code(code))  # somebody has been faster
            self._store.take_out(_own(owner), code)
            return self.code_of(link, session)
        self._keep(code, link, owner)
        return code

    def link_of(self, code: str) -> str | None:
        """Return the link that a code stands for, or None; as people type it, in any case."""
        code = read_code(code, LETTERS)
        return self._store.get(_by_code(code)) if code else None

    def _draw(self, link: str) -> str:
        while not self._store.add(_by_code(code := draw_code(LETTERS)), link, LIFE):
            pass
        return code

    def _check_room(self, code: str, owner: str) -> None:
        if not self._store.put_in(_own(owner), code, "", LIFE, self._of_a_session):
            raise NoMoreCodes(
                "short_link.of_session",
                "this window has made {most} short links, as many as one may",
                most=self._of_a_session,
            )
        if self._store.count("links made", MINUTE) > self._a_minute:
            self._store.take_out(_own(owner), code)
            raise NoMoreCodes(
                "short_link.of_minute",
                "the server has made {most} short links within a minute; try again in another one",
                most=self._a_minute,
            )

    def _keep(self, code: str, link: str, owner: str) -> bool:
        """Let a code live from now on as the youngest, and return whether there still is one."""
        if not self._store.keep(_by_code(code), LIFE):
            return False
        self._store.keep(_by_link(link), LIFE)
        self._store.put_in(_own(owner), code, "", LIFE, self._of_a_session)
        while not self._store.put_in(ALL, code, hash_of(link), LIFE, self._most):
            # A hundredth at once: to find the oldest, all of them have to be looked at.
            for each, of_link in islice(self._store.fields(ALL).items(), max(1, self._most // 100)):
                self._forget(each, of_link)
        return True

    def _forget(self, code: str, of_link: str) -> None:
        known = self._store.get(_by_hash(of_link))
        self._store.remove(_by_hash(of_link))
        self._store.remove(_by_code(code))
        self._store.take_out(ALL, code)
        if known is not None:
            self._store.take_out(_own(known.partition(" ")[2]), code)


def _by_code(code: str) -> str:
    return f"link:{code}"


def _by_link(link: str) -> str:
    return _by_hash(hash_of(link))


def _by_hash(of_link: str) -> str:
    return f"code of:{of_link}"


def _own(owner: str) -> str:
    return f"links of:{owner}"
