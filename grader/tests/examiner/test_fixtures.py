"""The fixtures of hidden tests beside calls: expected exceptions, files, text, and objects of the student's own."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from grader.examiner.expected_errors import expect_exception
from grader.examiner.mismatch import Mismatch
from grader.examiner.parity import assert_parity, describe_value
from grader.examiner.proxy import StudentProxy
from grader.examiner.session import SubmissionSession
from grader.examiner.student_files import MAX_FILE_BYTES, StudentFiles
from grader.examiner.text_answers import assert_mentions, assert_text
from grader.intake import read_submission
from grader.model.errors import GraderFault
from grader.model.verdict import SubmissionError
from grader.sandbox.in_process import InProcessChannel
from grader.tests.support.toy import open_project

SOURCE = """
from dataclasses import dataclass


class EmptyError(ValueError):
    pass


class Bag:
    def __init__(self, items):
        if not items:
            raise EmptyError("no items at all")


def FIXME(todo):
    raise NotImplementedError(todo)


def mean(numbers):
    return sum(numbers) / len(numbers)


def open_stub():
    return FIXME("double")


@dataclass
class Point:
    x: float
    y: float


def make_point(x, y):
    return Point(x, y)


def count():
    yield from range(3)


def give_function():
    return mean


def save(path, text):
    with open(path, "w") as file:
        file.write(text)


def load(path):
    with open(path) as file:
        return file.read()


def double(number):
    return 2 * number


def shout(word):
    return word.upper()
"""


@dataclass
class Point:
    """As the reference would have it."""

    x: float
    y: float


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch, tmp_path) -> Iterator[SubmissionSession]:
    """The source above, in this process."""
    assignment = open_project(monkeypatch, tmp_path)
    path = tmp_path / "toy.py"
    path.write_text(SOURCE, encoding="utf-8")
    found = SubmissionSession(read_submission(path, module="toy.py"), assignment, InProcessChannel(), devices={"cpu"})
    found.begin("double", seed=1)
    yield found
    found.settle()


def test_expected_exception_passes(session: SubmissionSession) -> None:
    """A class made from it as well, and where it is raised by making an object."""
    student = StudentProxy(session)
    with expect_exception(session, ZeroDivisionError, match="division"):
        student.mean([])
    with expect_exception(session, ValueError, match="no items"):
        student.Bag([])


@pytest.mark.parametrize(
    ("kind", "match", "numbers", "complaint"),
    [
        (ValueError, "", [1], "expected a ValueError, and nothing was raised"),
        (ValueError, "", [], "expected a ValueError, found ZeroDivisionError"),
        (ZeroDivisionError, "empty", [], "does not say what was asked for"),
    ],
)
def test_exception_that_was_not_asked_for_fails(session, kind, match, numbers, complaint) -> None:
    """None, another, or one with another message."""
    with pytest.raises(Mismatch, match=complaint), expect_exception(session, kind, match=match):
        StudentProxy(session).mean(numbers)


def test_open_todo_stays_one(session: SubmissionSession) -> None:
    """It raises NotImplementedError itself, which is no answer."""
    with pytest.raises(SubmissionError, match="not filled in"), expect_exception(session, NotImplementedError):
        StudentProxy(session).open_stub()


def test_object_of_the_students_own_is_compared_by_its_fields(session: SubmissionSession) -> None:
    """A dataclass stays in the jail, and its fields travel."""
    found = StudentProxy(session).make_point(1.0, 2.0)
    assert_parity(found, Point(1.0, 2.0), what="the point")
    with pytest.raises(Mismatch, match=r"the point\.y: the value differs"):
        assert_parity(found, Point(1.0, 3.0), what="the point")


def test_generator_is_compared_value_by_value(session: SubmissionSession) -> None:
    """Each is asked for in turn."""
    assert_parity(StudentProxy(session).count(), iter([0, 1, 2]), what="the count")


def test_function_is_described_by_its_name(session: SubmissionSession) -> None:
    """It cannot travel; the message says what came."""
    assert describe_value(StudentProxy(session).give_function()) == "the function mean"


def test_files_are_put_and_read(session: SubmissionSession) -> None:
    """The submission reads and writes files by the paths that it gets."""
    student, files = StudentProxy(session), StudentFiles(session)
    assert student.load(files.put("in.txt", "안녕")) == "안녕"
    student.save(files.path("out.txt"), "done")
    assert (files.read("out.txt"), files.names()) == ("done", ["in.txt", "out.txt"])


def test_file_that_is_missing_or_too_large_fails(session: SubmissionSession) -> None:
    """The message names what is there."""
    student, files = StudentProxy(session), StudentFiles(session)
    with pytest.raises(Mismatch, match=r"no file 'out\.txt' was written: found none"):
        files.read("out.txt")
    student.save(files.path("out.txt"), "x" * (MAX_FILE_BYTES + 1))
    with pytest.raises(Mismatch, match="is larger than"):
        files.read("out.txt")
    with pytest.raises(GraderFault, match="without folders"):
        files.path("../out.txt")


def test_text_is_compared_line_by_line() -> None:
    """Spaces at the end do not count; the first line that differs is named."""
    assert_text("a  \nb\n\n", "a\nb", what="it")
    assert_text("Yes", "yes", what="it", ignore_case=True)
    for found, message in (("a\nc", "line 2 differs"), ("a", "there are 1 lines, expected 2"), (None, "expected text")):
        with pytest.raises(Mismatch, match=message):
            assert_text(found, "a\nb", what="it")


def test_answer_in_own_words_is_judged_by_what_it_mentions() -> None:
    """Any of several words will do, a word counts as a whole, and the message names none."""
    words = ["variance", ["data", "samples"], "hidden state"]
    assert_mentions("More Samples lower the variance of the hidden\nstate.", words, what="it")
    assert_mentions("only variance", words, what="it", least=1)
    with pytest.raises(Mismatch, match="it mentions 0 of the 3 things"):
        assert_mentions("covariances", words, what="it")
