"""`grader verify --watch`: what a saved file makes run again, and what is said."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.authoring.solution_notebook import write_notebook
from grader.authoring.watch import Watcher
from grader.model.course import Course
from grader.tests.authoring.test_suite_check import SOUND, SOUND_EXPECTED, WRONG_DOUBLE
from grader.tests.support.toy import SOLUTION, TESTS, write_project, write_variants

HANDOUT = "Double and shout.\n"
PUBLIC = '''
import pytest


@pytest.mark.todo("double")
@pytest.mark.behaviour
def test_three(student):
    """Three."""
    assert student.double(3) == 6
'''


class Desk:
    """A course with its watcher, as an author sees them: files to save, and lines to read."""

    def __init__(self, folder: Path) -> None:
        write_project(folder)
        write_variants(folder, SOUND_EXPECTED, **SOUND)
        self.folder = folder
        self.lines: list[str] = []
        self.watcher = Watcher(Course(folder), "toy", "none", lambda line, is_bad: self.lines.append(line))
        self.save("assignments/toy/handout.md", HANDOUT)
        self.save("assignments/toy/tests_public/test_public.py", PUBLIC)

    def save(self, place: str, text: str) -> Path:
        """Save a file."""
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def look(self) -> tuple[int, list[str]]:
        """Grade what was saved. Return how many tests were run, and the lines."""
        self.lines.clear()
        before = self.watcher.runs
        self.watcher.grade(self.watcher.find_saved())
        return self.watcher.runs - before, self.lines


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A sound suite that was graded once. Public tests are run in a process of their own: not here."""
    monkeypatch.setattr("grader.authoring.watch.find_public_mistakes", lambda assignment: iter(()))
    desk = Desk(tmp_path)
    with desk.watcher:
        runs, lines = desk.look()
        # The reference has both tests, each variant the one of its TODO.
        assert (runs, lines[-1].partition(" ")[2]) == (10, f"{len(SOUND) + 6} files: {took(lines)}")
        yield desk


def took(lines: list[str]) -> str:
    """Return the end of the last line: how many tests, in which time, and the verdict."""
    return lines[-1].partition(": ")[2]


def test_nothing_saved_is_nothing_to_do(desk: Desk) -> None:
    """Neither is what Python writes."""
    (desk.folder / "tests_hidden" / "toy" / "__pycache__").mkdir(exist_ok=True)
    (desk.folder / "tests_hidden" / "toy" / "__pycache__" / "x.pyc").touch()
    assert desk.watcher.find_saved() == []


def test_a_saved_variant_is_run_alone(desk: Desk) -> None:
    """And what its author expects is compared with what it loses."""
    desk.save("tests_hidden/toy/corpus/wrong_square.py", "def double(number):\n    return number + number\n")
    runs, lines = desk.look()
    assert runs == 1
    assert lines[0].startswith("toy: wrong_square must lose ['double'] and loses []")
    assert "wrong_square.py: 1 tests in" in lines[-1] and lines[-1].endswith(": 1 complaints")
    desk.save("tests_hidden/toy/corpus/wrong_square.py", WRONG_DOUBLE)
    assert desk.look()[1][-1].endswith(": clean")


def test_a_changed_test_is_run_on_every_answer_to_its_todo(desk: Desk) -> None:
    """A mistake in it shows on the reference, and then nothing else is run. The file's other test is kept."""
    desk.save("tests_hidden/toy/test_toy.py", TESTS.replace("student.double(number) ==", "student.double(number) !="))
    runs, lines = desk.look()
    assert runs == 1
    assert lines[0].startswith("toy: the reference scores 40 of 100: test_toy.py::test_double failed")
    desk.save("tests_hidden/toy/test_toy.py", TESTS.replace("draw.integer(3, 1000)", "draw.integer(5, 1000)"))
    runs, lines = desk.look()
    assert (runs, lines[0]) == (5, "toy: the reference passes what changed: 1 tests")


def test_a_changed_helper_runs_every_test_of_its_file(desk: Desk) -> None:
    """What stands beside the tests counts for each of them."""
    desk.save("tests_hidden/toy/test_toy.py", f"LIMIT = 3\n{TESTS}")
    assert desk.look()[0] == 10


def test_tests_of_another_file_are_kept(desk: Desk) -> None:
    """Only what was added is run; without a wrong variant that it finds it has not earned its place."""
    desk.save("tests_hidden/toy/test_more.py", TESTS.partition('@pytest.mark.todo("shout"')[0])
    runs, lines = desk.look()
    assert runs == 1 + 4  # on the reference and the variants of `double`
    assert lines[-1].endswith(": clean")


def test_a_saved_expectation_runs_nothing(desk: Desk) -> None:
    """Results hold, and are judged again."""
    expected = SOUND_EXPECTED.replace("[wrong_zero]\n", "[wrong_zero]\nkeeps = [0.5, 0.9]\n")
    desk.save("tests_hidden/toy/corpus/expected.toml", expected)
    runs, lines = desk.look()
    assert runs == 0
    assert lines[0] == "toy: wrong_zero must keep 0.5 to 0.9 of double and keeps 0.00"


def test_a_saved_solution_runs_everything(desk: Desk) -> None:
    """Every answer stands on it."""
    desk.save("solutions/toy/toy.py", SOLUTION.replace("number + number", "2 * number"))
    assert desk.look()[0] == 10


def test_an_authoring_mistake_is_named_before_anything_runs(desk: Desk) -> None:
    """With file and line; afterwards all goes on."""
    desk.save("assignments/toy/assignment.toml", "title = 3\n")
    runs, lines = desk.look()
    assert runs == 0
    assert "assignment.toml:1" in lines[0]
    assert lines[-1].endswith("1 complaints")


def test_a_saved_notebook_is_the_solution(desk: Desk) -> None:
    """Its module is written, and everything runs."""
    solution = SOLUTION.replace("number + number", "2 * number")
    desk.save("solutions/toy/toy.ipynb", write_notebook(solution))
    runs, lines = desk.look()
    assert (runs, lines[-1].endswith(": clean")) == (10, True)
    assert (desk.folder / "solutions" / "toy" / "toy.py").read_text() == solution
    assert desk.watcher.find_saved() == []


def test_what_is_not_finished_goes_on_later(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is saved meanwhile comes first."""
    desk.save("solutions/toy/toy.py", SOLUTION.replace("number + number", "2 * number"))
    saved = desk.watcher.find_saved()
    desk.save("tests_hidden/toy/corpus/wrong_zero.py", "def double(number):\n    return -1\n")
    desk.lines.clear()
    desk.watcher.grade(saved)
    assert desk.lines == []
    assert desk.look()[1][-1].endswith(": clean")
