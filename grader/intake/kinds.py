"""Sentences for students about files that are no code: their kind shows in their first bytes."""

import re

# Enough of a file to tell.
HEAD_BYTES = 4096

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF, and a print-out cannot be run"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\xd0\xcf\x11\xe0", "an Office document"),
    (b"{\\rtf", "a text document of a word processor"),
    (b"\x7fELF", "a program, not its source"),
    (b"bplist00", "a shortcut of macOS, not the file"),
    (b"\x80\x02", "a pickle, not code"),
    (b"\x80\x04", "a pickle, not code"),
)
_POINTER = b"version https://git-lfs.github.com/spec/"
_SHORTCUTS = (b"[internetshortcut]", b"<?xml")
_LINK = re.compile(rb"https?://[^\s\"'<>\\]{4,500}")
_COLAB = re.compile(rb"https?://(?:colab\.research|drive|docs)\.google\.com/[^\s\"'<>\\]{1,500}")
# Lines that say no more than where the work is.
_PROSE = re.compile(r"[^\n=()\[\]{}]*", re.ASCII)


def describe_kind(head: bytes, name: str, module: str = "") -> str:
    """Say what a file is that begins with `head`, and what to do; empty where it may be code."""
    data = head[:HEAD_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n")
    what = module or "the .py or .ipynb file"
    if data.startswith(_POINTER):
        return f"{name} is a Git LFS pointer, not the file: run `git lfs pull`, and hand in {what} itself"
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return f"{name} is {kind}: hand in {what} itself"
    if link := _find_link(data):
        return (
            f"{name} holds no more than a link ({link[:100]}), and the grader follows none: open it, download the file "
            f"(in Colab: File, Download, Download .ipynb), and hand in that"
        )
    return ""


def _find_link(data: bytes) -> str:
    found = _COLAB.search(data) or _LINK.search(data)
    if not found or len(data) >= HEAD_BYTES // 2:
        return ""
    lowered = data.lower()
    is_drive_file = data.startswith(b"{") and b'"doc_id"' in data
    is_shortcut = lowered.startswith(_SHORTCUTS) and b"url" in lowered
    rest = _LINK.sub(b"", data).decode("utf-8", "replace")
    is_prose = (
        not rest.strip().startswith(("#", "{", '"', "<", "import", "from"))
        and bool(_PROSE.fullmatch(" ".join(rest.split())))
        and len(rest.split()) < 12
    )
    return found[0].decode("ascii", "replace") if is_drive_file or is_shortcut or is_prose else ""
