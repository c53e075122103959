"""What the store sees of secrets, and of names that others have chosen: hashes."""

import hmac
from hashlib import sha256


def hash_of(text: str) -> str:
    """Return 32 characters that stand for a text, from which nobody has it back.

    A secret has so many random letters that no salt is needed.
    """
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def is_hash_of(kept: str, text: str) -> bool:
    """Whether a hash is that of a text; the time that this takes tells nothing."""
    return hmac.compare_digest(kept, hash_of(text))
