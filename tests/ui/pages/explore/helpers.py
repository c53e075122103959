"""Painted masks as links have them."""

import base64


def cells_of(rows: str) -> str:
    """A mask as the link has it: side, dot, bits in URL-safe base64 without padding."""
    lines = rows.split()
    bits = "".join(lines)
    padded = bits + "0" * (-len(bits) % 8)
    data = bytes(int(padded[i : i + 8], 2) for i in range(0, len(padded), 8))
    return f"{len(lines)}.{base64.urlsafe_b64encode(data).decode().rstrip('=')}"
