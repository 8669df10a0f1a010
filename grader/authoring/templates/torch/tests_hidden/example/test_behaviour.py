"""The behaviour of the modules beyond their numbers."""

import cases
import pytest

from grader.examiner import assert_parity


@pytest.mark.todo("gate", weight=1)
@pytest.mark.behaviour
def test_gradient_reaches_the_input(student, reference, draw):
    """The gradient of the input is the reference's."""
    ours, theirs = cases.make_gates(student, reference, draw, 5)
    x = draw.tensor(4, 5, requires_grad=True)
    y = x.detach().clone().requires_grad_()
    ours(x).sum().backward()
    theirs(y).sum().backward()
    assert_parity(y.grad, x.grad, what="the gradient of the input")


@pytest.mark.todo("classify", weight=1)
@pytest.mark.behaviour
def test_one_sequence_does_not_change_another(student, reference, draw):
    """A sequence alone has the same logits as in a batch."""
    _, theirs = cases.make_classifiers(student, reference, draw, 5, 3)
    x = draw.tensor(4, 6, 5)
    assert_parity(theirs(x[1:2]), theirs(x)[1:2], what="the logits of one sequence")
