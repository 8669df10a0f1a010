"""assignment.toml and what follows from it."""

from pathlib import Path

import pytest

from grader.model.assignment import find_local_names
from grader.model.course import Course
from grader.model.errors import BrokenSuite, UnknownAssignment
from grader.tests.support.course import COURSE, load_assignment
from grader.tests.support.toy import SOLUTION, TOML, open_project


@pytest.mark.parametrize("name", COURSE.list_assignments())
def test_every_assignment_of_the_course_can_be_read(name: str):
    """Points add up to 100, ids are there once, and each TODO says where it lives in the solution."""
    assignment = load_assignment(name)
    ids = [todo.id for todo in assignment.todos]
    solution = assignment.solution.read_text(encoding="utf-8")
    assert sum(todo.points for todo in assignment.todos) == 100
    assert len(set(ids)) == len(ids)
    assert all(f" {place.split('.')[-1]}" in solution for todo in assignment.todos for place in todo.where)


def test_an_unknown_name_is_told_with_those_there_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A mistyped assignment."""
    course = Course(open_project(monkeypatch, tmp_path).root)
    with pytest.raises(UnknownAssignment, match="no assignment 'tyo': there are toy"):
        course.load_assignment("tyo")


def test_a_name_cannot_lead_out_of_the_course(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Only a listed assignment is opened, with any path."""
    course = Course(open_project(monkeypatch, tmp_path).root)
    with pytest.raises(UnknownAssignment):
        course.load_assignment("../assignments/toy")


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("points = 40", "points = 41", "the points add up to 101, not 100: 60 + 41"),
        ("points = 40", "points = -40", "greater than 0"),
        ("points = 40", "marks = 40", "marks"),
        ('where = ["shout"]', "where = []", "at least 1 item"),
        ('module = "toy.py"', "", "module"),
        ('title = "Toy"', 'title = "Toy', "Illegal character"),
    ],
)
def test_a_wrong_file_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, before: str, after: str, complaint: str
):
    """The message says which file it is and what is wrong with it."""
    with pytest.raises(BrokenSuite) as caught:
        open_project(monkeypatch, tmp_path, toml=TOML.replace(before, after))
    assert str(caught.value).startswith("assignments/toy/assignment.toml:")
    assert complaint in str(caught.value)


def test_limits_have_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """An assignment without limits gets the documented ones; one line changes one."""
    limits = open_project(monkeypatch, tmp_path).limits
    assert (limits.cpu_seconds, limits.memory_mb) == (2.0, 1024)
    tightened = open_project(monkeypatch, tmp_path, toml=f"{TOML}\n[limits]\ncpu_seconds = 0.5\n").limits
    assert tightened == limits.model_copy(update={"cpu_seconds": 0.5})


def test_folders_follow_from_the_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Handout, solution and hidden tests lie side by side in the course."""
    assignment = open_project(monkeypatch, tmp_path)
    assert assignment.folder == tmp_path / "assignments" / "toy"
    assert assignment.solution == tmp_path / "solutions" / "toy" / "toy.py"
    assert assignment.hidden_tests == tmp_path / "tests_hidden" / "toy"


def test_the_names_that_tests_ask_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Top-level names, methods by their class."""
    toml = TOML.replace('where = ["shout"]', 'where = ["Voice.shout", "Voice.whisper"]')
    assert open_project(monkeypatch, tmp_path, toml=toml).defines == {"double", "Voice"}


def test_a_todo_is_found_by_its_id(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """An id that is not there is the suite's fault."""
    assignment = open_project(monkeypatch, tmp_path)
    assert assignment.find_todo("shout").points == 40
    with pytest.raises(BrokenSuite, match=r"no TODO 'whisper' in toy/assignment.toml: found \['double', 'shout'\]"):
        assignment.find_todo("whisper")


def test_local_names_are_what_a_notebook_may_leave_behind():
    """Assigned in a function, in a loop or in a comprehension; no module-level name is among them."""
    body = ["y = [z for z in x]", "for B in y: a = f = B", "return lambda: (w := 1)"]
    source = "\n    ".join(["import a\nB = 1\ndef f(x):", *body])
    assert find_local_names(source) == ("w", "y", "z")


def test_the_toys_leftovers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The reference's own local variables."""
    assert "result" in SOLUTION
    assert open_project(monkeypatch, tmp_path).leftovers == ("result",)
