"""Codes of a few letters, which are said aloud, written on a board and typed by a class."""

import secrets

# What is written by hand and read from the last row: i and l look like 1, o looks like 0, and u
# like v. Without a and e there is no vowel left, and so no word that a class would laugh at.
ALPHABET = "bcdfghjkmnpqrstvwxyz"


def draw_code(letters: int) -> str:
    """Return a code at random, whether there is one like it or not."""
    return "".join(secrets.choice(ALPHABET) for _letter in range(letters))


def read_code(text: str, letters: int) -> str:
    """Return a code as it is kept, from one as people type it; empty where it can't be one."""
    code = text.strip()
    if len(code) != letters or not code.isascii():  # the sign of a Kelvin is a k in lower case
        return ""
    return code.lower() if code.isalpha() else ""
