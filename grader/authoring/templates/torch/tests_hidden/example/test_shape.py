"""The shapes of what comes back."""

# The categories are shape, parity, behaviour and gpu. They group the results that students read.
import cases
import pytest

from grader.examiner import assert_shape


# One TODO, and this test's share of its points: 1 of 1 + 4 + 1 + 1 here.
@pytest.mark.todo("gate", weight=1)
@pytest.mark.shape
def test_gate_keeps_the_shape(student, draw):
    """As many numbers come out as went in."""
    shape = draw.sizes(3)  # all different, so that a transposed result has another shape
    assert_shape(student.Gate(shape[-1])(draw.tensor(*shape)), shape, what="the result")


@pytest.mark.todo("classify", weight=1)
@pytest.mark.shape
def test_logits_have_one_number_for_each_class(student, reference, draw):
    """The logits are [B, C]."""
    b, s, d, c = draw.sizes(4)
    _, theirs = cases.make_classifiers(student, reference, draw, d, c)
    assert_shape(theirs(draw.tensor(b, s, d)), (b, c), what="the logits")
