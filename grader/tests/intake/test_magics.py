"""IPython's own lines in a cell, by IPython's grammar."""

from pathlib import Path

import pytest

from grader.intake.magics import strip_magics
from grader.tests.support.intake_samples import hand_in_cells, load

CLASS = "class LuongAttention:\n    def score(self): return 3\n"


@pytest.mark.parametrize(
    "magic",
    [
        "%%writefile attention.py",
        "%%writefile -a attention.py",
        "%%writefile --append attention.py",
        "%%writefile attention.py -a",
        '%%writefile "my attention.py"',
        "%%writefile 'my attention.py'",
        '%%writefile -a "my work/attention.py"',
        "%%writefile /content/drive/My_Drive/attention.py",
        "%%file attention.py",
        '%%file "my attention.py"',
        "  %%writefile attention.py",
        "\n%%file -a attention.py",
        "%%capture --no-stderr out",
        "%%time",
        "%%prun -s cumulative",
    ],
)
def test_cell_that_is_python_counts(tmp_path: Path, magic: str) -> None:
    """A cell that is written to a module, or only timed, holds definitions like any other cell."""
    submission = hand_in_cells(tmp_path, f"{magic}\n{CLASS}")
    assert load(submission).LuongAttention().score() == 3
    line = submission.definitions["LuongAttention"]
    assert submission.locate(line).describe() == f"cell 1, line {magic.count(chr(10)) + 2}"


def test_module_written_in_two_cells_is_one(tmp_path: Path) -> None:
    """`%%writefile -a` goes on where the cell before ended."""
    submission = hand_in_cells(
        tmp_path, f"%%writefile a.py\n{CLASS}", "%%writefile -a a.py\ndef f(): return 2", "!cat a.py"
    )
    module = load(submission)
    assert (module.LuongAttention().score(), module.f()) == (3, 2)


@pytest.mark.parametrize("magic", ["%%writefile notes.txt", "%%file 'notes.md'", "%%bash", "%%html", "%%writefile"])
def test_cell_that_is_no_python_is_left_out(tmp_path: Path, magic: str) -> None:
    """Text that goes elsewhere is not the submission's, even where it parses."""
    submission = hand_in_cells(tmp_path, f"{magic}\nx = 1\ndef f(): return x", CLASS)
    assert list(submission.definitions) == ["LuongAttention"]
    assert submission.left_out[0] == "cell 1, line 1: a magic or shell line was not run"


@pytest.mark.parametrize(
    "line",
    [
        "%time x = g(3)",
        "%time  x = g(3)",
        "%prun x = g(3)",
        "%prun -q x = g(3)",
        "x = %time g(3)",
        "if True:\n    %time x = g(3)",
        "%time x = g(\n    3\n)",
        "%%time\nx = g(3)",
        "    %time x = g(3)",
    ],
)
def test_statement_that_is_timed_is_that_statement(tmp_path: Path, line: str) -> None:
    """`%time x = ...` is `x = ...` in any place."""
    submission = hand_in_cells(tmp_path, "def g(n): return n", line, "def f(): return x", defines=["f"])
    assert load(submission).f() == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!echo it's (\nx = 1", "get_ipython()\nx = 1"),
        ("files = !ls *.py\ny = files", "files = get_ipython()\ny = files"),
        ("path, *rest = %pwd", "path, *rest = get_ipython()"),
        ("print?\nobj.method??\n?print\nx", "get_ipython()\nget_ipython()\nget_ipython()\nx"),
        ("!pip install \\\n    torch\nx", "get_ipython()\n\nx"),
        ("x = (a\n% b)\n%time", "x = (a\n% b)\nget_ipython()"),
        ("x = '''\n%time\n!ls\n'''\n%pwd", "x = '''\n%time\n!ls\n'''\nget_ipython()"),
        ("x = a \\\n% b\n%pwd", "x = a \\\n% b\nget_ipython()"),
        ("# don't\n%pwd", "# don't\nget_ipython()"),
        (">>> x = 1\n>>> for i in x:\n...     pass", "x = 1\nfor i in x:\n    pass"),
        ("In [1]: x = 1\n   ...: y = 2", "x = 1\ny = 2"),
        (",f a b\n;f a\n/f a", "get_ipython()\nget_ipython()\nget_ipython()"),
        ("x == %y", "x == %y"),
    ],
)
def test_line_becomes_python(text: str, expected: str) -> None:
    """Each line keeps its number; strings, brackets and joined lines are left alone."""
    assert strip_magics(text) == expected
