"""Short texts: a message cut at a limit, and a list that names only its first members."""

from collections.abc import Sequence

LISTED = 10


def shorten(text: str, limit: int) -> str:
    """Return `text` on one line, cut to `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def list_some(names: Sequence[str]) -> str:
    """Return the first names, separated by commas."""
    return ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")
