"""Short texts: a message cut at a limit, and a list that names only its first members."""

from collections.abc import Sequence

LISTED = 10


def cut_text(text: str, limit: int) -> str:
    """Return `text`, or its first `limit` characters with an ellipsis."""
    return text if len(text) <= limit else f"{text[:limit]} …"


def list_some(names: Sequence[str]) -> str:
    """Return the first names, separated by commas."""
    return ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")
