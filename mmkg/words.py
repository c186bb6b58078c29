"""Numbers and their nouns, as messages say them."""

from __future__ import annotations


def counted(number: int, noun: str, nouns: str | None = None) -> str:
    """Say how many there are: `1 row`, `2 rows`, `1,000 rows`.

    Args:
        number: how many.
        noun: for one.
        nouns: for another number; the noun and an s unless told.
    """
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"
