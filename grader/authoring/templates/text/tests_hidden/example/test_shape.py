"""The kind of value that comes back."""

# The categories are shape, parity, behaviour and gpu. They group the results that students read.
import cases
import pytest


# One TODO, and this test's share of its points: 1 of 1 + 4 here.
@pytest.mark.todo("answer", weight=1)
@pytest.mark.shape
def test_answer_has_sentences(student):
    """The answer is two sentences or more."""
    answer = student.explain_test_set()
    assert isinstance(answer, str), "the answer is not text"
    assert answer.count(".") >= 2, "the answer has fewer than two sentences"


@pytest.mark.todo("summary", weight=1)
@pytest.mark.shape
def test_number_of_words_comes_back(student, files, draw):
    """A whole number is returned."""
    source = files.put("in.txt", "\n".join(cases.draw_lines(draw, 5)))
    assert type(student.write_summary(source, files.path("out.txt"))) is int, "no whole number is returned"
