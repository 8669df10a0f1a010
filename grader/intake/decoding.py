"""Bytes -> text, in the encodings that Korean and Windows machines write."""

import codecs
import re
from collections.abc import Iterable, Iterator

from grader.model.errors import SubmissionRefused

_COOKIE = re.compile(rb"\A(?:[^\n]*\n)?[ \t]*#[^\n]*?coding[:=][ \t]*([-\w.]+)")
_SURROGATE = re.compile("[\ud800-\udfff]")
# What a coding line may name besides UTF-8: one-pass tables only, some of Python's codecs are quadratic.
_COOKIES = frozenset({"cp949", "euc_kr", "johab", "iso8859-1", "iso8859-15", "cp1252", "gbk", "gb18030", "big5",
                      "shift_jis", "cp932", "euc_jp", "koi8-r", "cp1251"})  # fmt: skip


def decode(data: bytes, name: str) -> str:
    """Return the text of a file with `\\n` line ends. Raises SubmissionRefused for `name` where it is no text."""
    wide = find_wide_encoding(data)
    for encoding in (wide,) if wide else ("utf-8-sig", *_read_cookie(data), "cp949"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return tidy(text)
    raise SubmissionRefused(f"{name} is no text that can be read: save it as UTF-8 and hand it in again")


def tidy(text: str) -> str:
    """Leave one kind of line end, no byte-order mark, and no half of a surrogate pair: nothing can write that."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATE.sub("\ufffd", text)


def find_wide_encoding(data: bytes) -> str:
    """Return the kind of UTF-16 or UTF-32 that `data` begins with, by its mark or the zeros of its first characters."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    zeros = (data[:1] == b"\0", data[1:2] == b"\0")
    return {(False, True): "utf-16-le", (True, False): "utf-16-be"}.get(zeros, "")


def narrow(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Return the same text as UTF-8, piece by piece, where it was UTF-16 or UTF-32; otherwise unchanged."""
    iterator = iter(chunks)
    first = next(iterator, b"")
    encoding = find_wide_encoding(first)
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace") if encoding else None
    while first:
        yield decoder.decode(first).encode("utf-8", "replace") if decoder else first
        first = next(iterator, b"")


def _read_cookie(data: bytes) -> list[str]:
    match = _COOKIE.match(data)
    if not match:
        return []
    try:
        name = codecs.lookup(match[1].decode("ascii", "replace")).name
    except LookupError:
        return []
    return [name] if name in _COOKIES else []
