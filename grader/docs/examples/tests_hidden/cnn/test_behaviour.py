"""The behaviour of the functions beyond their numbers."""

import cases
import pytest

from grader.examiner import assert_parity


@pytest.mark.todo("convolve", weight=1)
@pytest.mark.behaviour
def test_gradient_reaches_the_kernels(student, reference, draw):
    """Kernels can be trained."""
    images, kernels, bias = cases.draw_kernels(draw)
    ours, theirs = kernels.clone().requires_grad_(), kernels.clone().requires_grad_()
    reference.convolve(images, ours, bias).pow(2).sum().backward()
    student.convolve(images, theirs, bias).pow(2).sum().backward()
    assert_parity(theirs.grad, ours.grad, what="the gradient of the kernels", precise=ours.grad.double() * (1 + 1e-6))


@pytest.mark.todo("pool", weight=1)
@pytest.mark.behaviour
def test_squares_that_are_not_whole_are_left_out(student, reference, draw):
    """Seven rows and five columns have three and two squares of two."""
    images = draw.tensor(2, 3, 7, 5)
    assert_parity(student.max_pool(images, 2), reference.max_pool(images, 2), what="the result")


@pytest.mark.todo("network", weight=1)
@pytest.mark.behaviour
def test_one_image_does_not_change_another(student, reference, draw):
    """An image alone has the same logits as in a batch."""
    theirs, _ = cases.make_networks(student, reference, draw)
    images = draw.tensor(5, 2, 9, 9)
    assert_parity(theirs(images[2:3]), theirs(images)[2:3], what="the logits of one image")
