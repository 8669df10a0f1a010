"""The folder that is the course, and the things that are found through it."""

from pathlib import Path

import pytest

from grader.model.course import Course, find_course
from grader.model.errors import UsageError
from grader.tests.support.toy import write_project


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """No course is named by the environment."""
    monkeypatch.delenv("GRADER_COURSE", raising=False)


def test_find_course_takes_the_nearest_above(tmp_path: Path) -> None:
    """From any folder within it; a course within another wins."""
    inner = write_project(write_project(tmp_path / "outer") / "assignments" / "inner")
    assert find_course(start=inner / "solutions" / "toy") == Course(inner)
    assert find_course(start=tmp_path / "outer" / "solutions") == Course(tmp_path / "outer")


def test_find_course_prefers_the_option_then_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The current folder comes last."""
    one, two, here = (write_project(tmp_path / name) for name in ("one", "two", "here"))
    monkeypatch.chdir(here)
    assert find_course() == Course(here)
    monkeypatch.setenv("GRADER_COURSE", str(two))
    assert find_course() == Course(two)
    assert find_course(one) == Course(one)


@pytest.mark.parametrize("missing", ["assignments", "solutions", "tests_hidden"])
def test_find_course_refuses_a_folder_that_is_none(tmp_path: Path, missing: str) -> None:
    """Each of the three folders is needed."""
    course = write_project(tmp_path / "course")
    (course / missing).rename(course / "elsewhere")
    with pytest.raises(UsageError, match="is no course"):
        find_course(course)


def test_find_course_says_what_to_do_without_one(tmp_path: Path) -> None:
    """The message names the option."""
    with pytest.raises(UsageError, match="pass --course DIR"):
        find_course(start=tmp_path)


def test_a_secret_that_cannot_be_kept_is_no_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The course in an image is read-only: the message names the variable that stands in for the file."""
    monkeypatch.delenv("GRADER_SECRET", raising=False)
    (tmp_path / ".grader").write_text("a file where a folder should be")
    with pytest.raises(UsageError, match=r"secret '.*/\.grader/secret' can be neither read nor made .*GRADER_SECRET"):
        Course(tmp_path).load_secret()
