"""No text takes time that grows faster than itself: generated inputs of doubling size, read and judged."""

import gc
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.examiner.fragments import split_source
from grader.examiner.inspection import inspect_source
from grader.examiner.source_findings import Rules
from grader.intake import read_submission
from grader.tests.examiner.test_forbidden_spellings import HEAD, TODOS
from grader.tests.support.intake_samples import make_notebook, make_zip

pytestmark = pytest.mark.slow  # a ratio of two times means little on a machine that CI shares

# Twice doubled, what is linear takes four times as long, what is quadratic sixteen times.
MOST = 9.0
# Below this a measurement says little.
LEAST_SECONDS = 0.01
NAMES = "def f(): return [{}]\n"


def list_names(count: int) -> str:
    """Return `count` different names."""
    return ",".join(f"m{index}" for index in range(count))


MODULES: dict[str, Callable[[int], str]] = {
    "blank lines": lambda n: "\n" * n * 20 + "def f(): return g\n",
    "blank lines before a stub": lambda n: "\n" * n * 20 + "def f(): return FIXME('f')\n",
    "one line, nothing kept": lambda n: "x;" * n + "\ndef f(): return 1\n",
    "one line, every other kept": lambda n: "x=1;y();" * (n // 2) + "\ndef f(): return x\n",
    "missing names": lambda n: NAMES.format(list_names(n)) + "print(1)\n" * n,
    "missing names and loops": lambda n: NAMES.format(list_names(n)) + "for m in q(): run()\n" * (n // 2),
    "a chain of constants": lambda n: "".join(f"x{i + 1} = x{i}\n" for i in range(n)) + f"def f(): return x{n}\n",
    "one constant, many times": lambda n: "x = x + 1\n" * n + "def f(): return x\n",
    "one name defined many times": lambda n: "def f(): return f\n" * n,
    "lines that fill a list": lambda n: "t = []\n" + "t.append(t)\n" * n + "def f(): return t\n",
    "loops that fill a list": lambda n: "t = []\n" + "for i in t: t.append(i)\n" * n + "def f(): return t\n",
    "nested functions": lambda n: (
        "".join(f"{' ' * i}def f():\n" for i in range(45)) + " " * 45 + f"return [{list_names(n)}]\n"
    ),
    "f-strings": lambda n: "".join("x = f'" + "{a}" * 80 + "'\n" for _ in range(n // 40)) + "def f(): return x\n",
    "stubs on one line": lambda n: "def f():\n    " + "FIXME('f');" * n + "\n",
    "newer syntax": lambda n: 'y = f"{d["x"]}"\n' * n + "def f(): return 1\n",
    "newer syntax in one string": lambda n: 'y = f"' + '{d["x"]}' * n + '"\ndef f(): return 1\n',
    "question marks": lambda n: "def f(): return 1\n" + "a ? " * n,
    "spaces before a magic": lambda n: "def f(): return 1\n" + " " * n * 20 + "?x",
    "equal signs before a magic": lambda n: "def f(): return 1\nx =" + " =" * n * 4 + " %y",
    "tabs and spaces": lambda n: "if a:\n" + "\tx=1\n        y=2\n" * (n // 2) + "def f(): return x\n",
}
NOTEBOOKS: dict[str, Callable[[int], str]] = {
    "blank lines in a cell that does not parse": lambda n: make_notebook(
        NAMES.format(list_names(n)), "m = (\n" + "\n" * n * 10
    ),
    "names in a cell that does not parse": lambda n: make_notebook(
        NAMES.format(list_names(n)), "m = (\n" + "".join(f"m{i} = 1\n" for i in range(n))
    ),
    "magics": lambda n: make_notebook("!ls\n%time x = 1\n" * n + "def f(): return x"),
    "cells": lambda n: make_notebook(*["def f(): return f"] * n),
    "cells that do not parse": lambda n: make_notebook(*["def f(: return f"] * (n // 2)),
}
JUDGED: dict[str, Callable[[int], str]] = {
    "calls of calls": lambda n: f"def attend(q): return q{'(q)' * 90}\n" * (n // 90),
    "doubly recursive names": lambda n: "n0 = torch\n" + "".join(f"n{i + 1} = n{i}.nn, n{i}.F\n" for i in range(n)),
    "one alias for everything": lambda n: "x = torch\n" + "x = x.nn; x = x.functional; x = x.torch\n" * n,
    "helpers of helpers": lambda n: (
        "def attend(q): return h0(q)\n" + "".join(f"def h{i}(q): return h{i + 1}(q)\n" for i in range(n))
    ),
    "functions that take themselves": lambda n: "def attend(f, *g): return f(attend, attend)(attend, f)\n" * (n // 4),
    "texts put together": lambda n: "s = 's'\n" + "s = s + s + '_' + 'attention'\n" * n,
    "parameters": lambda n: f"def attend({list_names(n)}): return attend\n" + "attend(m1=F, m2=nn)\n" * n,
}

SPLIT: dict[str, Callable[[int], str]] = {
    "long lines": lambda n: f"x = [{list_names(n)}]\n" * 20,
    "lists of lists": lambda n: "x = " + "[" * 60 + "1," * n + "]" * 60 + "\n",
    "blocks in blocks": lambda n: "".join(f"{' ' * i}if x:\n" for i in range(40)) + f"{' ' * 40}x = 1\n" * n,
    "many statements": lambda n: "x = f(x) + g(x)\n" * n,
}
RULES = Rules(tuple(TODOS), "", ("attend",))


def measure(work: Callable[[int], None], size: int) -> float:
    """The CPU seconds of the faster of two runs."""
    seconds = []
    for _ in range(2):
        gc.collect()
        gc.disable()  # its walks belong to no text
        started = time.process_time()
        work(size)
        seconds.append(time.process_time() - started)
        gc.enable()
    return max(min(seconds), LEAST_SECONDS)


def assert_linear(work: Callable[[int], None], size: int) -> None:
    """Time at most doubles, twice over, where the size doubles twice; measured once more before it is held to fail."""
    ratios = []
    for _ in range(2):
        ratios.append(measure(work, 4 * size) / measure(work, size))
        if ratios[-1] < MOST:
            return
    raise AssertionError(f"4 times as long takes {ratios} times as long")


def read_text(folder: Path, name: str, content: str | bytes) -> None:
    """Read one file as a submission."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    read_submission(path, module="f.py", defines=["f"])


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", MODULES)
def test_reading_a_module_takes_linear_time(tmp_path: Path, kind: str) -> None:
    """A module of any shape."""
    assert_linear(lambda size: read_text(tmp_path, "f.py", MODULES[kind](size)), 1500)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", NOTEBOOKS)
def test_reading_a_notebook_takes_linear_time(tmp_path: Path, kind: str) -> None:
    """A notebook of any shape."""
    assert_linear(lambda size: read_text(tmp_path, "f.ipynb", NOTEBOOKS[kind](size)), 1000)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", JUDGED)
def test_inspecting_takes_linear_time(kind: str) -> None:
    """A module of any shape, under a policy."""
    assert_linear(lambda size: inspect_source(HEAD + JUDGED[kind](size), RULES) and None, 300)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", SPLIT)
def test_splitting_takes_linear_time(kind: str) -> None:
    """A module of any shape, as fragments."""
    assert_linear(lambda size: split_source(SPLIT[kind](size)) and None, 300)


@pytest.mark.timeout(120)
def test_many_files_cost_no_more_than_one(tmp_path: Path) -> None:
    """All files of a submission share one budget; those that are left unread are named."""
    text = "def f():\n    return 1\n" + "x = 1\n" * 20_000
    (tmp_path / "f.zip").write_bytes(make_zip({f"f{index}.py": text for index in range(30)}))
    submission = read_submission(tmp_path / "f.zip", module="f.py", defines=["f"])
    assert sum("too long to be read, with what stands before it" in note for note in submission.left_out) >= 25


@pytest.mark.timeout(120)
def test_files_are_read_within_one_budget(tmp_path: Path) -> None:
    """Bytes are counted over all files: what lies beyond is named, and not read."""
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "f.py").write_text("def f(): return 1\n")
    for index in range(8):
        with (folder / f"f{index}.py").open("wb") as file:
            file.truncate(100 * 2**20)
    submission = read_submission(folder, module="f.py", defines=["f"])
    assert not submission.refused
    assert sum("hold more than 512 MB" in note for note in submission.left_out) >= 2


@pytest.mark.parametrize("mark", ["copy 1" * 40, "(1)" * 80, " - copy (1)" * 20, "복사본 1" * 20])
def test_name_with_many_copy_marks_is_read_at_once(tmp_path: Path, mark: str) -> None:
    """A file's name costs no more than its length."""
    (tmp_path / f"f{mark}!.py").write_text("def f(): return 1\n")
    started = time.process_time()
    assert "f" in read_submission(tmp_path, module="f.py", defines=["f"]).definitions
    assert time.process_time() - started < 2
