"""Numbers of any size as short texts: three digits and a unit."""

from collections.abc import Sequence


def whole_text(number: float) -> str:
    """Write 1024 as "1 024", with a narrow space."""
    return f"{number:,.0f}".replace(",", "\u202f")


def _scaled(number: float, units: Sequence[tuple[float, str]]) -> str:
    """Three digits and the largest unit that isn't larger than the number."""
    size, unit = next((u for u in units if number >= u[0] * 0.9995), units[-1])
    return f"{float(f'{number / size:.3g}'):g} {unit}".strip()


def duration_text(seconds: float) -> str:
    """Write 0.0123 as "12.3 ms"."""
    return _scaled(seconds, ((1, "s"), (1e-3, "ms"), (1e-6, "µs")))


def size_text(count: float) -> str:
    """Write 12300000 bytes as "12.3 MB"."""
    return _scaled(count, ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B")))


def count_text(number: float) -> str:
    """Write 12300000 as "12.3 M"."""
    return _scaled(number, ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1, "")))
