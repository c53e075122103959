"""Numbers that know their formula, so that a formula on the page can't differ from its number."""

from collections import Counter
from dataclasses import dataclass

LETTERS = "BNHGVPLDEF"  # in the order in which a product names them


@dataclass(frozen=True)
class Amount:
    """A number and where it comes from: reckoning with amounts keeps both in step."""

    value: int
    terms: tuple[tuple[str, int], ...] = ()  # products of letters, such as "LLE", and how many

    @property
    def formula(self) -> str:
        """The terms as text: "3·L²·E + 2·E", or "0"."""
        text = " + ".join(_product(letters, count) for letters, count in self.terms)
        return text.replace("+ -", "- ") or "0"

    def __add__(self, other: "Amount") -> "Amount":
        """The sum, equal products put together."""
        counts = Counter(dict(self.terms))
        counts.update(dict(other.terms))
        terms = tuple((letters, count) for letters, count in counts.items() if count)
        return Amount(self.value + other.value, terms)

    def __sub__(self, other: "Amount") -> "Amount":
        """The difference."""
        return self + -1 * other

    def __mul__(self, other: "Amount") -> "Amount":
        """The product, multiplied out."""
        made = ZERO
        for letters, count in self.terms:
            for more, times in other.terms:
                term = "".join(sorted(letters + more, key=LETTERS.index))
                made += Amount(0, ((term, count * times),))
        return Amount(self.value * other.value, made.terms)

    def __rmul__(self, count: int) -> "Amount":
        """That many times."""
        terms = tuple((letters, count * times) for letters, times in self.terms if count)
        return Amount(count * self.value, terms)


ZERO = Amount(0)


def letter(name: str, value: int, *, written: bool = True) -> Amount:
    """Return a letter and its value; nothing if that is 0.

    Args:
        name: one of LETTERS.
        value: what it stands for.
        written: False leaves it out of formulas, as one may if it is 1.
    """
    return Amount(value, ((name if written else "", 1),)) if value else ZERO


def _product(letters: str, count: int) -> str:
    """The text "3·L²·E" of the letters LLE, three times."""
    powers = [letter + ("²" if times == 2 else "") for letter, times in Counter(letters).items()]
    if powers and abs(count) == 1:
        return ("-" if count < 0 else "") + "·".join(powers)
    return "·".join([str(count), *powers])
