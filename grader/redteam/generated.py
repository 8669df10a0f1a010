"""Generate attacks that are not kept as files: huge or odd sources, archives, links, and hostile names of entries.

Each writer writes one entry into a folder of its own.
"""

import base64
import gzip
import io
import json
import lzma
import os
import socket
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

MODULE = "target.py"
WRONG = "def double(number):\n    return number\n"
RIGHT = "def double(number):\n    return number * 2\n"
BLANK_CELL = {"cell_type": "code", "source": "\n" * 20, "metadata": {}, "outputs": []}
SOLUTIONS = Path(__file__).parent / "course" / "solutions"
Writer = Callable[[Path], None]


def _make_text(text: str | bytes, name: str = MODULE) -> Writer:
    data = text if isinstance(text, bytes) else text.encode()
    return lambda folder: _write(folder / name, data)


def _make_later(make: Callable[[], bytes], name: str) -> Writer:
    # So that importing this module costs nothing.
    return lambda folder: _write(folder / name, make())


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _double_as(expression: str) -> str:
    return f"def double(number):\n    return {expression}\n"


def _make_links(links: Mapping[str, str | Path]) -> Writer:
    """Return a writer of symbolic links by their targets; a relative target starts at the entry's folder."""

    def write(folder: Path) -> None:
        for name, target in links.items():
            (folder / name).symlink_to(folder / target)

    return write


def _dump_notebook(cells: list[dict[str, Any]], metadata: dict[str, int]) -> str:
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def _make_deep_notebook(depth: int) -> bytes:
    cell: dict[str, Any] = {
        "cell_type": "code",
        "source": WRONG,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    text = _dump_notebook([cell], {"x": 0})
    return text.replace('{"x": 0}', '{"x": ' + "[" * depth + "]" * depth + "}").encode()


def _pack(name: str, data: bytes, copies: int = 1) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for copy in range(copies):
            archive.writestr(f"{copy}/{name}" if copies > 1 else name, data)
    return buffer.getvalue()


def _nest_archives(depth: int) -> bytes:
    data = _pack(MODULE, WRONG.encode())
    for _ in range(depth):
        data = _pack("target.zip", data)
    return data


def _write_hard_link(folder: Path) -> None:
    # Of a file beside the class, which stands for any file that the student cannot read.
    secret = folder.parent.parent / "secret.py"
    secret.write_text(RIGHT)
    os.link(secret, folder / MODULE)


def _write_pipes(folder: Path) -> None:
    (folder / "more").mkdir()
    for path in (folder / MODULE, folder / "more" / "target (1).py", folder / "target.zip"):
        os.mkfifo(path)


def _write_socket(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        # Bound by a short name: a path of a socket holds 108 bytes.
        folder_descriptor = os.open(folder, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{folder_descriptor}/{MODULE}")
        os.close(folder_descriptor)


SOURCES: dict[str, Writer] = {
    "null_bytes": _make_text(WRONG.replace("return", "return \0")),
    "other_encoding": _make_text(WRONG.encode("utf-16")),
    "wrong_cookie": _make_text("# coding: unicode_escape\n" + WRONG + "\\x70\\x72\\x69\\x6e\\x74()\n"),
    "no_text": _make_text(zlib.compress(base64.b85encode(bytes(range(256))) * 50)),
    "nothing": _make_text(""),
    "nested_brackets": _make_text(_double_as("(" * 5000 + "0" + ")" * 5000)),
    "nested_blocks": _make_text(
        "\n".join(
            [
                "def double(number):",
                *(f"{'  ' * level}if number:" for level in range(1, 95)),
                f"{'  ' * 95}return 0",
                "",
            ]
        )
    ),
    "nested_minus": _make_text(_double_as("-" * 900 + "0")),
    "nested_lambdas": _make_text(_double_as("lambda: " * 900 + "0")),
    "nested_formats": _make_text(_double_as('f"{' * 2 + "f'{" + "0" + "}'" + '}"' * 2)),
    "long_sum": _make_text(_double_as("+".join(["0"] * 50_000))),
    "long_chain": _make_text(_double_as("number" + ".real" * 50_000)),
    "medium_chain": _make_text(f"def weigh(scores, values):\n    return values{'.mT' * 450}\n"),
    # Each name stands for twice as many as the name before it.
    "many_aliases": _make_text(
        "import torch\nn0 = torch\n"
        + "".join(f"n{step} = n{step - 1}.{part}\n" for step in range(1, 40) for part in "ab")
        + "def weigh(scores, values):\n    return n39\n"
    ),
    "long_elif": _make_text(
        "def double(number):\n    if number is None:\n        return 0\n"
        + "".join(f"    elif number == {step}:\n        return {step}\n" for step in range(3000))
    ),
    "deep_default": _make_text(f"def double(number, more, default={'+'.join('1' * 450)}):\n    return 0\n"),
    "large_file": _make_text(WRONG + "# " + "x" * (5 << 20)),
    "many_tokens": _make_text(WRONG + "x = [" + "0," * 400_000 + "]\n"),
    "many_magics": _make_text(WRONG + "%%%time\n!ls\n" * 50_000),
    "one_long_line": _make_text(WRONG + "?" + " \t" * 500_000 + "= " * 100_000),
    "many_definitions": _make_text(WRONG + "".join(f"def f{step}(): return f{step + 1}\n" for step in range(20_000))),
    "deep_notebook": _make_text(_make_deep_notebook(100_000), "target.ipynb"),
    "bomb": _make_later(lambda: _pack(MODULE, bytes(600 << 20)), "target.zip"),
    "outward_archive": _make_text(_pack("../../../redteam-left.py", WRONG.encode()), "target.zip"),
    "outward_link": _make_links({MODULE: SOLUTIONS / "target" / MODULE}),
    "inner_links": _make_links({"more": SOLUTIONS, "self": "."}),
    "hard_link": _write_hard_link,
    "pipes": _write_pipes,
    "socket": _write_socket,
    "blank_lines": _make_later(lambda: _pack(MODULE, (WRONG + "\n" * 2_000_000 + "x").encode()), "target.zip"),
    "lines_of_spaces": _make_later(lambda: _pack(MODULE, (WRONG + " \n" * 1_000_000 + "%%x").encode()), "target.zip"),
    "blank_cells": _make_later(lambda: _dump_notebook([BLANK_CELL] * 20_000, {}).encode(), "target.ipynb"),
    "recursive_names": _make_text("def weigh(scores, values):\n    return values" + '("a")' * 45 + "\n"),
    "huge_load_failure": _make_text("TABLE = {}['x' * 50_000_000]\n" + WRONG.replace("return number", "return TABLE")),
    "many_bombs": _make_later(lambda: _pack(MODULE, b"\n" * 50_000, copies=9000), "target.zip"),
    "nested_archives": _make_later(lambda: _nest_archives(40), "target.zip"),
    "many_members": _make_later(lambda: _pack(MODULE, b"", copies=20_000), "target.zip"),
    "bomb_of_tar": _make_later(lambda: gzip.compress(bytes(600 << 20), 1), "target.tar.gz"),
    "bomb_of_xz": _make_later(lambda: lzma.compress(bytes(600 << 20), preset=0), "target.tar.xz"),
    "damaged_archive": _make_text(_pack(MODULE, WRONG.encode())[:60], "target.zip"),
    "many_formats": _make_text(_double_as("f'" + "{number}" * 30_000 + "'")),
}
# Names of entries in the class folder, and so of students.
NAMES = {
    "formula": '=HYPERLINK("https:evil.example")',
    "wide_formula": "＝1+1",
    "command": "$(touch redteam-left-name)`touch redteam-left-name`;touch redteam-left-name",
    "script": "<script>alert(1)<script>",
    "terminal": "\x1b[2J\x1b]0;owned\x07",
    "directions": "\u202eadmin\u2066",
    "lines": "ada\r\nben,100",
    "long": "n" * 255,
    "dots": "target..",
    "option": "--isolation=none",
    "tab": "a\tb\t=1",
    "separators": "ada\u2028ben\u2029cy",
    "at": "@SUM(1+1)*cmd|' !A0",
    "minus": "-1+1",
    "quotes": '","100","',
    "marks": "\ufeffada\u200b\u200d",
    "isolates": "\u2067ada\u2069\u061c",
    "control": "ada\x85\x9b31m\x7f",
    "pipe": "|calc",
    "markup": "<!--[if IE]><img src=x onerror=alert(1)>&#60;",
}


def write_wrong(folder: Path) -> None:
    """Write an ordinary wrong answer, to stand under a hostile name."""
    _write(folder / MODULE, WRONG.encode())
