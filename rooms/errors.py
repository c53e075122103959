"""What goes wrong with rooms, short links and the store that keeps them."""

from model.errors import CodedError, CodedValueError


class StoreUnreachable(CodedError):
    """The store doesn't answer, or refuses."""


class NoMoreCodes(CodedError):
    """There is no new short link now."""


class TooManyRooms(CodedError):
    """There is no new room now."""


class TooManyWrongCodes(CodedError):
    """Too many codes were tried that no room has."""


class RoomEnded(CodedError):
    """The room is no longer there."""


class RoomFull(CodedError):
    """There are as many people in the room as there may be."""


class NotItsLeader(CodedError):
    """Somebody else leads the room."""


class WrongWord(CodedError):
    """The word doesn't hand the room over."""


class TooFast(CodedError):
    """Somebody leads, votes or guesses faster than people do."""


class VoteRefused(CodedError):
    """The vote isn't wanted, or comes too late."""


def unreachable() -> StoreUnreachable:
    """Return the error of a store that can't be used."""
    return StoreUnreachable(
        "store.unreachable",
        "the server that keeps rooms and short links doesn't answer; try again in a minute",
    )


def ended() -> RoomEnded:
    """Return the error of a room that isn't there."""
    return RoomEnded("room.ended", "this room has ended")


def full(most: int) -> RoomFull:
    """Return the error of a room that has as many people as there may be."""
    return RoomFull(
        "room.full", "{most} people are in this room, as many as there may be", most=most
    )


def wrong_word() -> WrongWord:
    """Return the error of a word that doesn't hand the room over."""
    return WrongWord(
        "room.wrong_word", "this word is wrong, too old or has been used; ask for a new one"
    )


def check_length(text: str, most: int) -> None:
    """Raise CodedValueError if a text has more than so many characters."""
    if len(text) > most:
        raise CodedValueError(
            "room.too_long",
            "the text has {count} characters, and may have {most}",
            count=len(text),
            most=most,
        )
