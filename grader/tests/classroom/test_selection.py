"""The students that a batch grades, and those whose reports are the class: that of its last batch."""

from functools import partial
from pathlib import Path

import pytest

from grader.classroom.batch import BatchOptions, GradedClass, grade_class
from grader.classroom.class_folder import list_jobs
from grader.classroom.selection import EVERYONE, ChosenStudents
from grader.classroom.students import find_student
from grader.model.errors import UsageError
from grader.tests.support.fake_class import FakeClass, grade_badly, grade_well, open_fake_executor
from grader.tests.support.toy import open_project


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeClass:
    """A toy course with the class of kim, lee and noh."""
    found = FakeClass(tmp_path, open_project(monkeypatch, tmp_path / "course"))
    for student in ("kim", "lee", "noh"):
        found.hand_in(student)
    return found


def grade(
    course: FakeClass, selection: ChosenStudents = EVERYONE, *, failing: str = "", outside: tuple[str, ...] = ()
) -> tuple[GradedClass, list[str]]:
    """Grade the class folder; return the class, and the students that a worker graded."""
    graded = []

    def reply(task):
        graded.append(task.job.student)
        return grade_badly(task) if task.job.student == failing else grade_well(task)

    done = grade_class(
        list_jobs(course.submissions),
        BatchOptions(course.assignment, "none", 1, selection=selection, force=bool(selection.only)),
        course.run,
        lambda report: None,
        outside=outside,
        open_executor=partial(open_fake_executor, reply),
    )
    return done, sorted(set(graded))


def list_files(folder: Path) -> list[str]:
    """The names of the reports in a folder."""
    return sorted(path.stem for path in folder.iterdir())


def test_reports_of_students_who_left_are_set_aside(course: FakeClass) -> None:
    """They are named, in no summary, and come back with the student, without grading."""
    grade(course)
    path = course.submissions / "lee.py"
    text = path.read_text()
    path.unlink()
    done, _ = grade(course)
    assert [each.student for each in done.set_aside] == ["lee"]
    assert (list_files(course.run.reports), list_files(course.run.aside)) == (["kim", "noh"], ["lee"])
    assert [row["student"] for row in course.read_summary()["students"]] == ["kim", "noh"]
    path.write_text(text)
    done, graded = grade(course)
    assert (done.set_aside, graded, list_files(course.run.aside)) == ((), [], [])
    assert [row["student"] for row in course.read_summary()["students"]] == ["kim", "lee", "noh"]


@pytest.mark.slow
def test_a_student_off_the_roster_is_graded_and_set_aside(course: FakeClass) -> None:
    """And is of the class once the roster has the name."""
    done, graded = grade(course, outside=("noh",))
    assert ([report.submission.student for report in done.reports], graded) == (["kim", "lee"], ["kim", "lee", "noh"])
    assert course.read_summary()["set_aside"] == ["noh"]
    assert grade(course)[1] == []
    assert list_files(course.run.reports) == ["kim", "lee", "noh"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (ChosenStudents(only=frozenset({"lee"})), ["lee"]),
        (ChosenStudents(failed=True), ["kim"]),
        (ChosenStudents(changed=True), ["kim", "noh"]),
    ],
    ids=["only", "failed", "changed"],
)
def test_some_are_graded_again_and_the_class_stays_whole(
    course: FakeClass, selection: ChosenStudents, expected: list[str]
) -> None:
    """kim's grader failed, noh's file has changed, and so has the suite; order and everyone else's report stay."""
    grade(course, failing="kim")
    course.hand_in("noh", "another text")
    tests = course.assignment.hidden_tests / "test_toy.py"
    tests.write_text(tests.read_text() + "\n# changed\n")
    done, graded = grade(course, selection)
    assert graded == expected
    assert [report.submission.student for report in done.reports] == ["kim", "lee", "noh"]
    assert [row["student"] for row in course.read_summary()["students"]] == ["kim", "lee", "noh"]
    assert list_files(course.run.reports) == ["kim", "lee", "noh"]


def test_two_selections_are_refused() -> None:
    """It is not clear which of them was meant."""
    with pytest.raises(UsageError, match="choose one of --only, --failed and --changed"):
        ChosenStudents(failed=True, changed=True)


NAMES = {"s1": "Jane Doe", "s2": "Doe, Mary Ann", "s3": "홍길동", "s4": ""}


@pytest.mark.parametrize(
    ("text", "student"),
    [
        ("s4", "s4"),
        ("S1", "s1"),
        ("jane doe", "s1"),
        ("Doe Jane", "s1"),
        ("Mary", "s2"),
        ("Ann Doe", "s2"),
        ("홍길동", "s3"),
    ],
)
def test_a_student_is_found_by_id_or_name(text: str, student: str) -> None:
    """In any order and case; parts of a name where only one student has them."""
    assert find_student(text, NAMES) == student


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Doe", r"'Doe' fits Jane Doe \(s1\), Doe, Mary Ann \(s2\): pass the id"),
        ("Jame Doe", r"no student 'Jame Doe' in this class: there is Jane Doe \(s1\)"),
    ],
)
def test_an_unclear_name_is_refused(text: str, message: str) -> None:
    """The students that it fits are listed."""
    with pytest.raises(UsageError, match=message):
        find_student(text, NAMES)
