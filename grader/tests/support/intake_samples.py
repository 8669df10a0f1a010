"""Submissions for the tests of intake, and a loader that runs a submission's definitions as the jail does."""

import io
import itertools
import json
import struct
import sys
import tarfile
import types
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import libarchive

from grader.intake import read_submission
from grader.jail.loader import Definitions, compile_definitions
from grader.model.submission import Submission

ATTENTION = """\
import math


class LuongAttention:
    def score(self, h):
        return math.sqrt(h)
"""

_numbers = itertools.count()


def make_notebook(*cells: str, outputs: Sequence[object] = ()) -> str:
    """A notebook (nbformat 4) with these code cells, each after a text cell."""
    made = []
    for cell in cells:
        made.append({"cell_type": "markdown", "metadata": {}, "source": ["# a text"]})
        made.append(
            {"cell_type": "code", "metadata": {}, "outputs": list(outputs), "source": cell.splitlines(keepends=True)}
        )
    return json.dumps({"cells": made, "metadata": {"widgets": {"a": [1]}}, "nbformat": 4, "nbformat_minor": 5})


def make_zip(files: Mapping[str, str | bytes]) -> bytes:
    """A .zip with these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def make_archive(files: Mapping[str, str | bytes], form: str, compression: str | None = None) -> bytes:
    """An archive of another form: `7zip`, or `pax` with `xz` or `bzip2`."""
    blocks: list[bytes] = []

    def keep(block: Any) -> int:
        blocks.append(bytes(block))
        return len(blocks[-1])

    with libarchive.custom_writer(keep, form, compression) as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            archive.add_file_from_memory(name, len(data), data)
    return b"".join(blocks)


def make_rar(files: Mapping[str, str], *, locked: bool = False) -> bytes:
    """A .rar of version 4 with these files, stored as they are."""

    def seal(header: bytes) -> bytes:
        return struct.pack("<H", zlib.crc32(header) & 0xFFFF) + header

    parts = [b"Rar!\x1a\x07\x00", seal(struct.pack("<BHHHI", 0x73, 0, 13, 0, 0))]
    for name, text in files.items():
        data, raw = text.encode(), name.encode()
        sizes = struct.pack("<BHHII", 0x74, 0x8000 | (4 if locked else 0), 32 + len(raw), len(data), len(data))
        rest = struct.pack("<BIIBBHI", 3, zlib.crc32(data), 0x59445160, 20, 0x30, len(raw), 0o100644)
        parts += [seal(sizes + rest + raw), data]
    return b"".join([*parts, seal(struct.pack("<BHH", 0x7B, 0x4000, 7))])


def make_tar(files: Mapping[str, str], *odd: tarfile.TarInfo, mode: str = "w:gz") -> bytes:
    """A .tar.gz with these files, then odd members without contents."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content.encode())
            archive.addfile(info, io.BytesIO(content.encode()))
        for info in odd:
            archive.addfile(info)
    return buffer.getvalue()


def hand_in(folder: Path, content: str | bytes, name: str = "attention.py", defines: Sequence[str] = ()) -> Submission:
    """Write one file and read it."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_submission(path, module="attention.py", defines=defines)


def hand_in_cells(folder: Path, *cells: str, defines: Sequence[str] = ()) -> Submission:
    """Write a notebook with these code cells and read it."""
    return hand_in(folder, make_notebook(*cells), "attention.ipynb", defines)


def load(submission: Submission) -> types.ModuleType:
    """Run the definitions one statement at a time, as the jail does."""
    return load_with_failures(submission)[0]


def load_with_failures(submission: Submission) -> tuple[types.ModuleType, Definitions]:
    """The module, and what failed on the way."""
    assert not submission.refused
    name = f"intake_sample_{next(_numbers)}"
    definitions = compile_definitions(submission.source, name)
    try:
        return definitions.make_module([]), definitions
    finally:
        sys.modules.pop(name, None)
