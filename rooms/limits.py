"""Limits of rooms, with their reasons."""

from dataclasses import dataclass

MINUTE = 60.0  # seconds


@dataclass(frozen=True)
class Limits:
    """How many and how much there may be.

    Attributes:
        people: who vote on a question, and whose screens follow. A full lecture hall.
        rooms: at once, in the store. A record has 4 KB at the most, so that all take 4 MB.
        of_a_session: rooms that a session has open. One for a class, and two that were forgotten.
        opened_a_minute: by all sessions, which cost a stranger little: a school, all at once.
        life: seconds from a room's last use to its end. A double lesson and the break before it.
        leads_a_second: of a room. A slider that is dragged makes about five.
        votes_a_second: of a voter. A slip of the finger, mended at once.
        questions: of a room that are voted on: a long lesson's, several times over.
        answer: characters of an answer. A line that a class can read.
        question: characters of a question's name.
        wrong_of_session: codes a minute. Whoever mistypes tries three times.
        wrong_of_address: codes a minute: a school's 300 people behind one address, six tries each.
        words_a_minute: tries of the word that hands a room over, of 64 million.
        word_life: seconds from a word's making to its end: a walk from one computer to another.
    """

    people: int = 300
    rooms: int = 1_000
    of_a_session: int = 3
    opened_a_minute: int = 100
    life: float = 2 * 3600.0
    leads_a_second: int = 10
    votes_a_second: int = 3
    questions: int = 100
    answer: int = 400
    question: int = 200
    wrong_of_session: int = 20
    wrong_of_address: int = 2_000
    words_a_minute: int = 60
    word_life: float = 600.0


LIMITS = Limits()
