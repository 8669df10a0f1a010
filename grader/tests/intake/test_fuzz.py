"""Any input gives a submission or a refusal with a reason, soon, and no file anywhere.

`GRADER_FUZZ_EXAMPLES=5000 pytest grader/tests/intake/test_fuzz.py` goes on for longer.
"""

import ast
import io
import json
import os
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.intake import read_submission
from grader.model.submission import Submission
from grader.tests.support.intake_samples import ATTENTION, make_notebook, make_tar, make_zip

EXAMPLES = int(os.environ.get("GRADER_FUZZ_EXAMPLES", "20"))
# Processor time, since a machine may be busy; what is generated is small, so this is a hang and no slow reading.
MOST_SECONDS = 20.0
LONG = settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])

# Pieces of Python, right and wrong, that mean something to the reader once they stand beside each other.
PIECES = """\
import math
from os import *
from . import x
from __future__ import annotations
x = 1
x += y
x: int = 3
del x
global x
def f(
def f(): return x
async def f(): await x
    return
    pass
class LuongAttention:
    def score(self): return self
class A(A): pass
A.f = f
@f
if x:
else:
try:
except x:
with x as y:
while True:
for x in y:
match x:
    case [x, *_]:
type X = int
f'{x!r:{y}}'
lambda: x
globals()['f'] = 1
raise SystemExit
%time x
!ls {x}
x??
%%bash
#
((((((((
한글 = 1
""".splitlines()
LINES = st.sampled_from([*PIECES, "'''", '"""', "\\", "\t\tx", "\x00", "\ufeff", "x" * 500, "-" * 500 + "1"])
SOURCE = st.lists(LINES | st.text(max_size=20), max_size=25).map("\n".join)
JUNK = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.just([]) | st.just({})
CELL = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw"]) | JUNK,
        "source": SOURCE | st.lists(SOURCE | JUNK, max_size=4) | JUNK,
        "input": SOURCE | JUNK,
        "language": st.sampled_from(["python", "ruby"]) | JUNK,
        "outputs": st.lists(JUNK, max_size=2) | JUNK,
        "metadata": JUNK,
    },
)
SHEET = st.fixed_dictionaries({}, optional={"cells": st.lists(CELL | JUNK, max_size=3) | JUNK}) | JUNK
NOTEBOOK = st.fixed_dictionaries(
    {},
    optional={
        "cells": st.lists(CELL | JUNK, max_size=5) | JUNK,
        "worksheets": st.lists(SHEET, max_size=2) | JUNK,
        "metadata": JUNK,
        "nbformat": st.integers(0, 5) | JUNK,
        "nbformat_minor": JUNK,
    },
).map(lambda notebook: json.dumps(notebook).encode())
MODULE = SOURCE.map(lambda text: text.encode("utf-8", "surrogatepass"))
SEED = st.sampled_from(
    [
        ATTENTION.encode(), make_notebook(ATTENTION).encode(), make_zip({"attention.py": ATTENTION}),
        make_tar({"attention.py": ATTENTION}), ATTENTION.encode("utf-16"), "# 한글\n".encode("cp949"),
    ]
)  # fmt: skip
NAMES = ("attention.py", "attention.ipynb", "attention.zip", "attention.tar.gz", "attention", "과제.ipynb")
INSIDE = st.sampled_from(
    ["a", "b/c", "../x", "/x", "a/../b", "C:\\x", "가", "a" * 200, ".", "__MACOSX/a", "a\n", "con"]
)


@st.composite
def damage(draw: st.DrawFn, contents: st.SearchStrategy[bytes]) -> bytes:
    """The contents with bytes changed, cut off or repeated."""
    data = bytearray(draw(contents))
    for _ in range(draw(st.integers(0, 6))):
        if data:
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))] * draw(st.integers(1, 2)))


@st.composite
def pack(draw: st.DrawFn, contents: st.SearchStrategy[bytes]) -> bytes:
    """A .zip of several files under names that may lead anywhere, with fields of its directory changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))) as archive:
        for name, ending in draw(
            st.dictionaries(INSIDE, st.sampled_from([".py", ".ipynb", ".zip", "/"]), max_size=4)
        ).items():
            entry = zipfile.ZipInfo(name + ending)
            entry.external_attr = draw(st.integers(0, 2**16 - 1)) << 16
            archive.writestr(entry, draw(contents))
    return buffer.getvalue()


ANYTHING = st.one_of(MODULE, NOTEBOOK, SEED, st.binary(max_size=200), damage(MODULE | NOTEBOOK | SEED))


@contextmanager
def nothing_written(folder: Path) -> Iterator[None]:
    """Nothing may appear beside what was handed in, nor where an absolute path of ours would lead."""
    places = (folder, Path("/"))
    before = [sorted(os.listdir(place)) for place in places]
    started = time.process_time()
    yield
    assert time.process_time() - started < MOST_SECONDS
    assert [sorted(os.listdir(place)) for place in places] == before


def check(folder: Path, data: bytes, name: str) -> Submission:
    """Read it, and hold what comes out against what is promised."""
    target = folder / "handed_in"
    target.mkdir(exist_ok=True)
    path = target / name
    path.write_bytes(data)
    try:
        with nothing_written(folder):
            submission = read_submission(path, module="attention.py", defines=["LuongAttention"])
        assert os.listdir(target) == [name]
    finally:
        path.unlink()
    assert not (submission.refused and submission.source)
    if not submission.refused:
        ast.parse(submission.source)
    assert "Traceback" not in f"{submission.refused}{submission.left_out}{submission.missing}"
    json.dumps([submission.refused, submission.left_out, list(submission.missing.values())]).encode()
    return submission


@LONG
@given(data=ANYTHING, name=st.sampled_from(NAMES))
def test_any_file_is_read_or_refused(tmp_path: Path, data: bytes, name: str) -> None:
    """Modules and notebooks of odd pieces, damaged ones, archives, bytes: under any of these names."""
    check(tmp_path, data, name)


@LONG
@given(data=pack(ANYTHING | pack(ANYTHING)))
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_any_archive_is_read_or_refused(tmp_path: Path, data: bytes) -> None:
    """Files and archives of any kind in a .zip, under names that lead out of it."""
    check(tmp_path, data, "attention.zip")


@LONG
@given(data=damage(pack(ANYTHING)))
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_any_damaged_archive_is_read_or_refused(tmp_path: Path, data: bytes) -> None:
    """The same, changed or cut off anywhere."""
    check(tmp_path, data, "attention.zip")
