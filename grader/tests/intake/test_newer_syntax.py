"""Syntax that only a newer Python parses costs the statements that use it, and both versions are named."""

import sys
from pathlib import Path

import pytest

from grader.intake.newer_syntax import find_needed_version
from grader.tests.support.intake_samples import hand_in, hand_in_cells, load

OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"
NEWER = [
    ('def tell(d):\n    return f"{d["x"]}"', (3, 12)),
    ("def tell(d):\n    return f'{d['x']:>10} and {d['y']!r}'", (3, 12)),
    ('def tell(d):\n    return f"{", ".join(f"{x!r}" for x in d)}"', (3, 12)),
    ('def tell(d):\n    return f"{"\\n".join(d)}"', (3, 12)),
    ('def tell(d):\n    return f"""{\n    d  # all of it\n}"""', (3, 12)),
    ('def tell(d):\n    return rf"{d["x"]=}"', (3, 12)),
    ("def tell[T](d: T) -> T:\n    return d", (3, 12)),
    ("class tell[T: int](list):\n    pass", (3, 12)),
    ("type tell = list[int]", (3, 12)),
    ("def tell(d):\n    try:\n        return d.x\n    except ValueError, KeyError:\n        return 0", (3, 14)),
    ('def tell(d):\n    return t"{d}"', (3, 14)),
]
WRONG = [
    "def tell(d:\n    return d",
    "def tell(d):\n    return f'{d'",
    'def tell(d):\n    return f"{d["x"] d}"',
    "def tell(d)\n    return d",
    "tell = (1",
    "class tell[:\n    pass",
    "def tell(d):\nreturn d",
]
HERE = [case for case in NEWER if case[1] > sys.version_info[:2]]


@pytest.mark.parametrize(("text", "version"), HERE)
def test_other_definitions_of_a_module_keep_their_points(tmp_path: Path, text: str, version: tuple[int, int]) -> None:
    """The rest is read, its lines keep their numbers, and the student learns which versions do not fit."""
    submission = hand_in(tmp_path, f"N = 3\n\n\n{text}\n\n\n@staticmethod\ndef f(): return N\n", defines=["f", "tell"])
    assert not submission.refused
    assert load(submission).f() == 3
    assert submission.definitions["f"] == 3 + text.count("\n") + 5
    needed = f"{version[0]}.{version[1]}"
    told = f"its syntax needs Python {needed} and the grader runs Python {OWN}"
    assert any(note.startswith("line 4: ") and told in note for note in submission.left_out)
    assert told in submission.missing["tell"]


@pytest.mark.parametrize(("text", "version"), HERE)
def test_other_definitions_of_a_cell_keep_their_points(tmp_path: Path, text: str, version: tuple[int, int]) -> None:
    """In a notebook the same, below a magic as well."""
    submission = hand_in_cells(tmp_path, f"%matplotlib inline\n{text}\ndef f(): return 3", "def g(): return tell(1)")
    assert load(submission).f() == 3
    assert any(f"Python {version[0]}.{version[1]}" in note for note in submission.left_out)
    assert f"Python {OWN}" in submission.missing["tell"]


@pytest.mark.parametrize("text", WRONG)
def test_what_no_python_parses_is_no_newer_syntax(tmp_path: Path, text: str) -> None:
    """A mistake stays a mistake: such a module never ran anywhere."""
    assert find_needed_version(text) is None
    submission = hand_in(tmp_path, f"def f(): return 3\n{text}\n", defines=["f"])
    assert submission.refused.startswith("attention.py does not parse: ")


def test_mistake_beside_newer_syntax_is_named(tmp_path: Path) -> None:
    """A mistake in every version of Python is named first if newer syntax stands in the same module."""
    submission = hand_in(tmp_path, f"{NEWER[0][0]}\n{WRONG[0]}\n", defines=["f"])
    assert submission.refused
