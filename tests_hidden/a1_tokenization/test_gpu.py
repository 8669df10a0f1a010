"""GPU: the result is on the device of the inputs, and the numbers are those of the CPU."""

import pytest
from cases import draw_analogy, make_tables

from grader.examiner import assert_moved


@pytest.mark.todo("embedding.lookup", weight=1)
@pytest.mark.gpu
def test_lookup_on_the_device(student, draw, device):
    """A table that was moved to the device is looked up there, both ways."""
    rows, width = draw.sizes(2, low=4)
    weight = draw.tensor(rows, width)
    _, theirs = make_tables(student, weight)
    ids = [rows - 1, *draw.ids(rows, 4).tolist()]
    own, own_rows = student.lookup(theirs, ids), student.one_hot_lookup(weight, ids)
    theirs.to(device)
    assert_moved(student.lookup(theirs, ids), own, device, what="the rows from lookup")
    assert_moved(student.one_hot_lookup(weight.to(device), ids), own_rows, device, what="the rows from one_hot_lookup")


@pytest.mark.todo("embedding.analogy", weight=1)
@pytest.mark.gpu
def test_analogy_on_the_device(student, draw, device):
    """Vectors on the device give the same answer."""
    vectors, vocab, asked = draw_analogy(draw)
    expected = student.analogy(vectors, vocab, *asked)
    assert student.analogy(vectors.to(device), vocab, *asked) == expected, "the answer differs on the device"
