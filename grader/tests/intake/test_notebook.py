"""A notebook that is handed in: cell by cell, statement by statement."""

import json
import time
import traceback
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.intake import ANOTHER
from grader.intake.notebook import drop_outputs, read_cells
from grader.tests.support.intake_samples import hand_in, hand_in_cells, load, load_with_failures, make_notebook

CLASS = "class LuongAttention:\n    def score(self): return 3\n"


@pytest.mark.parametrize("version", [3, 4])
def test_both_formats_are_read(tmp_path: Path, version: int) -> None:
    """nbformat 3 keeps its cells in worksheets and calls their text `input`; both give the same module."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("a"), nbformat.v4.new_code_cell(CLASS)])
    text = nbformat.writes(nbformat.convert(notebook, version), version=version)
    submission = hand_in(tmp_path, text, "attention.ipynb")
    assert submission.source == CLASS


def test_only_definitions_are_taken(tmp_path: Path) -> None:
    """Imports, classes, functions and the constants they need come out of the cells; the rest is listed."""
    submission = hand_in_cells(
        tmp_path,
        "import math\nimport os\nN = 2\nM = 3",
        "print('training')\ndef f(): return math.floor(N)",
        "for epoch in range(10**12):\n    f()",
    )
    assert load(submission).f() == 2
    assert submission.left_out == (
        "cell 1, line 2: an import that no definition needs was not run",
        "cell 1, line 4: an assignment that no definition needs was not run",
        "cell 2, line 1: a top-level call was not run",
        "cell 3, line 1: a loop was not run",
    )


def test_failure_above_a_class_does_not_lose_it(tmp_path: Path) -> None:
    """A failing import or driver line in the same cell costs that line, not the class below it."""
    cell = (
        f"import no_such_package\nraise SystemExit\nx = undefined()\n{CLASS}y = no_such_package.z\ndef g(): return y\n"
    )
    module, definitions = load_with_failures(hand_in_cells(tmp_path, cell))
    assert module.LuongAttention().score() == 3
    assert [names for names, *_ in definitions.describe_failures()] == [["no_such_package"], ["y"]]


def test_cell_that_does_not_parse_is_skipped_and_named(tmp_path: Path) -> None:
    """One broken cell costs that cell."""
    submission = hand_in_cells(tmp_path, CLASS, "x = 1\nif x\n    y = 2", "def g(): return 1")
    assert load(submission).g() == 1
    assert submission.left_out == ("cell 2 does not parse: expected ':' (line 2)",)


def test_definitions_spread_over_cells_belong_together(tmp_path: Path) -> None:
    """`class X(X)`, `Class.forward = f` and later constants work across cells, and the last definition wins."""
    module = load(
        hand_in_cells(
            tmp_path,
            "SIZE = 1\nclass X:\n    def a(self): return SIZE",
            "class X(X):\n    def b(self): return self.a() + 1",
            "def forward(self): return self.b() + 1\nX.forward = forward",
            "SIZE = 10",
            "def last(): return 1",
            "def last(): return 2",
        )
    )
    assert (module.X().forward(), module.last()) == (12, 2)


def test_traceback_points_at_cell_and_line(tmp_path: Path) -> None:
    """An exception's line number, looked up in the submission, is a cell and a line in it."""
    submission = hand_in_cells(tmp_path, "import math\n", "", "print(1)\n\ndef f():\n    return 1 / 0\n")
    with pytest.raises(ZeroDivisionError) as caught:
        load(submission).f()
    line = traceback.extract_tb(caught.value.__traceback__)[-1].lineno
    assert line is not None
    assert submission.locate(line).describe() == "cell 3, line 4"


def test_missing_name_names_the_cell_that_seems_to_define_it(tmp_path: Path) -> None:
    """The cell is named that has the definition of a needed name and does not parse."""
    submission = hand_in_cells(
        tmp_path, "def f(): return helper(vocab)", "\ndef helper(x):\n    return (x", "vocab = 1 +"
    )
    assert submission.missing == {
        "helper": "`helper` is used by `f` (cell 1, line 1), and nothing that is kept defines it; "
        "cell 2, line 2 seems to define it, but that cell does not parse",
        "vocab": "`vocab` is used by `f` (cell 1, line 1), and nothing that is kept defines it; "
        "cell 3, line 1 seems to define it, but that cell does not parse",
    }


@pytest.mark.parametrize(
    ("cells", "places"),
    [
        (["class A:\n    x = (\n"], {"A": "cell 1, line 1"}),
        (["class A: pass\nname = '\x00'"], {"A": "cell 1, line 1"}),
        (["while True:\n    class A: pass", "def B(:"], {"A": "cell 1, line 1", "B": "cell 2, line 1"}),
        (["class A:\n    x = (\n", "class A: pass"], {}),
    ],
    ids=["broken", "NUL", "not run", "corrected below"],
)
def test_name_of_the_assignment_that_is_lost_is_found(tmp_path: Path, cells: list[str], places: dict[str, str]) -> None:
    """The student reads in which cell it is, and staff are not led to another assignment."""
    submission = hand_in(tmp_path, make_notebook(*cells), "a.ipynb", ["A", "B"])
    assert {name: sentence for name, sentence in submission.missing.items() if name in places} == submission.missing
    assert all(f"`{name}` is missing; {place}" in submission.missing[name] for name, place in places.items())
    assert not any(note.endswith(ANOTHER) for note in submission.left_out)


@pytest.mark.parametrize(
    "magic",
    [
        "%matplotlib inline",
        "!pip install torch",
        "!pip install torch \\\n    numpy",
        "files = !ls",
        "path = %pwd",
        "?print",
        "print?",
        "%config InlineBackend.figure_format = 'retina'",
        "if True:\n    !wget https://a.example/b.zip",
        "%%time",
        "%%capture out",
        "\n%%time",
    ],
)
def test_magics_and_shell_lines_are_stripped(tmp_path: Path, magic: str) -> None:
    """IPython's own lines go, and the lines below them keep their numbers."""
    submission = hand_in_cells(tmp_path, f"{magic}\n{CLASS}")
    assert load(submission).LuongAttention().score() == 3
    assert "get_ipython" not in submission.source
    line = submission.definitions["LuongAttention"]
    assert submission.locate(line).describe() == f"cell 1, line {magic.count(chr(10)) + 2}"


def test_percent_signs_in_python_are_no_magics(tmp_path: Path) -> None:
    """A modulo at the start of a continued line and `!` in a string are Python."""
    cell = "def f(a, b):\n    c = (a\n    % b)\n    return c, '''\n!ls\n%time\n'''\n%time f(1, 2)\n"
    assert load(hand_in_cells(tmp_path, cell)).f(7, 4) == (3, "\n!ls\n%time\n")


def test_cell_in_another_language_is_left_out(tmp_path: Path) -> None:
    """The body of `%%bash` and the like is not Python, even where it parses."""
    submission = hand_in_cells(tmp_path, "%%bash\nclass = 1\nls", "%%html\nx = 1", CLASS)
    assert load(submission).LuongAttention
    assert submission.locate(submission.definitions["LuongAttention"]).describe() == "cell 3, line 1"
    assert submission.left_out == (
        "cell 1, line 1: a magic or shell line was not run",
        "cell 2, line 1: a magic or shell line was not run",
    )


def test_module_written_from_a_cell_is_read(tmp_path: Path) -> None:
    """`%%writefile attention.py` holds definitions like any other cell."""
    assert load(hand_in_cells(tmp_path, f"%%writefile attention.py\n{CLASS}")).LuongAttention


def test_cell_that_is_indented_as_a_whole_is_read(tmp_path: Path) -> None:
    """Jupyter runs such a cell, so it counts."""
    assert load(hand_in_cells(tmp_path, "    def f():\n        return 1\n")).f() == 1


def test_cell_with_many_magics_is_read(tmp_path: Path) -> None:
    """Each magic costs one line, so their number does not matter."""
    submission = hand_in_cells(tmp_path, "!ls\n" * 3000 + "%time x = 1\ndef f(): return x", CLASS)
    assert submission.left_out[0] == "cell 1, lines 1-3000: 3000 magic or shell lines were not run"
    assert load(submission).f() == 1


def test_future_imports_of_cells_move_to_the_top(tmp_path: Path) -> None:
    """Each cell may have its own `from __future__`; in the module they stand first, and lines are still found."""
    submission = hand_in_cells(tmp_path, "import math", "from __future__ import annotations\ndef f(x: Later): pass")
    compile(submission.source, "x", "exec")
    assert submission.source.startswith("from __future__ import annotations\n")
    assert submission.locate(submission.definitions["f"]).describe() == "cell 2, line 2"


def test_only_code_cells_are_read(tmp_path: Path) -> None:
    """Text, raw and malformed cells are passed over."""
    cells = [{"cell_type": "raw", "source": "x ="}, "?", {"cell_type": "code"}, {"cell_type": "code", "source": 3}]
    cells.append({"cell_type": "code", "source": ["def f():\n", 3, "    return 1"]})
    submission = hand_in(tmp_path, json.dumps({"cells": cells, "nbformat": 4}), "a.ipynb")
    assert load(submission).f() == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "a.ipynb is empty: save the notebook and hand it in again"),
        (
            make_notebook(CLASS)[:-40],
            "a.ipynb is cut short or damaged: open it in Jupyter, save it, and hand it in again",
        ),
        ("<!DOCTYPE html><html>", "a.ipynb is a web page, not a notebook"),
        ('{"cells": [\n<<<<<<< HEAD\n', "a.ipynb holds the marks of a merge conflict"),
        ('{"worksheets": []}', "a.ipynb is no notebook: it has no cells"),
        ("[1]", "a.ipynb is no notebook: it has no cells"),
        (make_notebook("", "\n"), "a.ipynb holds no code: save the notebook and hand it in again"),
        ("[" * 100_000, "a.ipynb is cut short or damaged"),
        ('{"outputs": ' + "[" * 100_000, "a.ipynb is nested too deeply"),
    ],
)
def test_broken_notebook_is_refused_with_the_reason(tmp_path: Path, content: str, reason: str) -> None:
    """A file that is no notebook is refused; the reason says what it is and what to do."""
    assert reason in hand_in(tmp_path, content, "a.ipynb").refused


def test_notebook_under_another_name_is_read(tmp_path: Path) -> None:
    """A notebook of any name is known by its content."""
    assert load(hand_in(tmp_path, make_notebook(CLASS), "attention.py")).LuongAttention


@pytest.mark.slow
def test_outputs_cost_neither_memory_nor_minutes() -> None:
    """200 MB of pictures and 20 MB of progress bars take a few megabytes of memory and a few seconds."""

    def write(repeated: bytes, times: int) -> Iterator[bytes]:
        yield b'{"cells": [{"cell_type": "code", "outputs": [{"data": {"image/png": "'
        yield from (repeated for _ in range(times))
        yield b'"}}], "source": "x = 1"}], "metadata": {}}'

    started = time.process_time()
    for repeated, times in ((b"iVBORw0KGgo" * 95_000, 200), (rb"\u001b[32m 3%|##\r\n\", \"" * 45_000, 20)):
        tracemalloc.start()
        cells = read_cells(write(repeated, times), "a.ipynb")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert cells == ["x = 1"]
        assert peak < 16 * 2**20
    assert time.process_time() - started < 30


def test_text_besides_the_outputs_is_limited(tmp_path: Path) -> None:
    """A picture of 20 MB inside a text cell is refused with a reason."""
    notebook = {"cells": [{"cell_type": "markdown", "source": "x" * (17 * 2**20)}]}
    assert "holds more than 16 MB besides its outputs" in hand_in(tmp_path, json.dumps(notebook), "a.ipynb").refused


def _drop(value: object) -> object:
    if isinstance(value, list):
        return [_drop(item) for item in value]
    if not isinstance(value, dict):
        return value
    dropped = ("outputs", "attachments", "metadata")
    return {k: None if k in dropped and isinstance(v, (list, dict)) else _drop(v) for k, v in value.items()}


KEYS = st.sampled_from(["outputs", "metadata", "source", '"outputs": [', "a\\"])
JSON = st.recursive(
    st.none() | st.integers() | st.text(alphabet='ab"\\[]{}:,\n한', max_size=12) | KEYS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=30,
)


@settings(max_examples=40)
@given(value=JSON, size=st.integers(1, 60), indent=st.sampled_from([None, 1]), ascii_only=st.booleans())
def test_dropping_outputs_changes_nothing_else(value: object, size: int, indent: int | None, ascii_only: bool) -> None:
    """Only the values of the dropped keys become null, for any JSON cut into chunks of any size."""
    raw = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    chunks = [raw[start : start + size] for start in range(0, len(raw), size)]
    assert json.loads(b"".join(drop_outputs(chunks))) == _drop(value)
