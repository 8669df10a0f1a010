"""The right answers."""

import cases
import pytest

from grader.examiner import assert_mentions, assert_parity, assert_text

# What a right answer speaks of; of the words in a list, one will do.
IDEAS = [
    ["training", "trained", "train"],
    ["unseen", "never seen", "new data"],
    ["generalizes", "generalize", "overfits", "overfit"],
]


# A gate: where it shows nothing of the right answer, no other test of the TODO counts. Each TODO needs one.
@pytest.mark.todo("answer", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_answer_mentions_what_belongs_there(student):
    """The answer speaks of training, of unseen data, and of what they have to do with each other."""
    assert_mentions(student.explain_test_set(), IDEAS, what="the answer")


@pytest.mark.todo("summary", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_words_are_counted(student, files, draw):
    """The number of words is returned for each of several files."""
    texts = [cases.draw_lines(draw, draw.integer(1, 40)) for _ in range(8)]
    found = [student.write_summary(files.put("in.txt", "\n".join(lines)), files.path("out.txt")) for lines in texts]
    assert_parity(found, [cases.count_words(lines) for lines in texts], what="the numbers of words")


@pytest.mark.todo("summary", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_summary_is_written(student, files, draw):
    """The file holds both numbers."""
    lines = cases.draw_lines(draw, draw.integer(11, 40))
    student.write_summary(files.put("in.txt", "\n".join(lines)), files.path("out.txt"))
    assert_text(files.read("out.txt"), f"lines: {len(lines)}\nwords: {cases.count_words(lines)}", what="the summary")
