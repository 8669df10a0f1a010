"""Short texts."""

MAX_TEXT_BYTES = 2048


def shorten(text: str, limit: int) -> str:
    """Return `text` on one line, cut to `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def cut_text(text: str, limit: int = MAX_TEXT_BYTES) -> str:
    """Return a text of at most so many bytes in UTF-8; what is left out is counted at its end."""
    data = text.encode("utf-8", "replace")
    if len(data) <= limit:
        return data.decode()
    mark = f"... ({len(data)} bytes in all)"
    return data[: max(limit - len(mark), 0)].decode("utf-8", "ignore") + mark
