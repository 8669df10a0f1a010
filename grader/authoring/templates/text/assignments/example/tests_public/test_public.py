"""Your own quick check: small examples whose answers can be worked out on paper."""

# Students receive this file. A public test has no weight, and cannot use `reference`.
import pytest

from grader.examiner import assert_text


@pytest.mark.todo("answer")
@pytest.mark.behaviour
def test_answer_is_text(student):
    """There are at least ten words."""
    answer = student.explain_test_set()
    assert isinstance(answer, str), "the answer is not text"
    assert len(answer.split()) >= 10, "the answer has fewer than ten words"


@pytest.mark.todo("summary")
@pytest.mark.behaviour
def test_summary_of_two_lines(student, files):
    """Two lines and six words."""
    source = files.put("poem.txt", "to be\nor not to be\n")
    student.write_summary(source, files.path("summary.txt"))
    assert_text(files.read("summary.txt"), "lines: 2\nwords: 6", what="the summary")
