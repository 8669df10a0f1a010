"""The functions at the edges."""

import pytest

from grader.examiner import assert_text


@pytest.mark.todo("summary", weight=1)
@pytest.mark.behaviour
def test_empty_file_has_no_lines(student, files):
    """Nothing in, two zeros out."""
    student.write_summary(files.put("in.txt", ""), files.path("out.txt"))
    assert_text(files.read("out.txt"), "lines: 0\nwords: 0", what="the summary")
