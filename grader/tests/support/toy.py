"""A course of one tiny assignment in a folder of its own: for tests that need a project and no torch in the jail."""

from pathlib import Path

import pytest

from grader.model.assignment import Assignment
from grader.model.course import Course

TOML = """
title = "Toy"
module = "toy.py"
imports = []

[[todo]]
id = "double"
title = "Double a number"
points = 60
where = ["double"]

[[todo]]
id = "shout"
title = "Shout a word"
points = 40
where = ["shout"]
"""
SOLUTION = '''# %% [markdown]
# # Toy

# %%
"""A toy."""


def FIXME(todo: str):
    """Stand where your code goes."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


# %%
def double(number: int) -> int:
    """Twice the number."""
    # TODO double: twice the number
    ### BEGIN SOLUTION double
    # adding is enough
    result = number + number
    ### STUB
    # result = FIXME("double")
    ### END SOLUTION
    return result


# %% tags=["notebook"]
print(double(2))


# %%
def shout(word: str) -> str:
    """The word in capitals."""
    ### BEGIN SOLUTION shout
    return word.upper()
    ### END SOLUTION
'''
TESTS = '''
import pytest


@pytest.mark.todo("double", weight=60)
@pytest.mark.parity
def test_double(student, reference, draw):
    """A number is doubled."""
    number = draw.integer(3, 1000)
    assert student.double(number) == reference.double(number), "the number is not doubled\\nand a second line"


@pytest.mark.todo("shout", weight=40)
@pytest.mark.behaviour
@pytest.mark.visibility("visible")
def test_shout(student, draw):
    """A word is
    shouted."""
    word = draw.word()
    assert student.shout(word) == word.upper(), "the word is not in capitals"
'''


def write_project(folder: Path, *, toml: str = TOML, solution: str = SOLUTION, tests: str = TESTS) -> Path:
    """Lay the course down in `folder`."""
    files = {"assignments/toy/assignment.toml": toml, "solutions/toy/toy.py": solution}
    for name, text in (files | {"tests_hidden/toy/test_toy.py": tests}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def write_variants(folder: Path, expected: str, **variants: str) -> None:
    """A corpus for the toy's suite."""
    corpus = folder / "tests_hidden" / "toy" / "corpus"
    corpus.mkdir()
    (corpus / "expected.toml").write_text(expected)
    for name, text in variants.items():
        (corpus / f"{name}.py").write_text(text)


def open_project(monkeypatch: pytest.MonkeyPatch, folder: Path, **texts: str) -> Assignment:
    """Make `folder` the course of the command line for one test, and load its assignment."""
    monkeypatch.setenv("GRADER_COURSE", str(write_project(folder, **texts)))
    return Course(folder).load_assignment("toy")
