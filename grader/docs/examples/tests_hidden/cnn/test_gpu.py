"""Code that runs on a GPU. Without one, `device` is a virtual device on which the same code fails."""

import cases
import pytest

from grader.examiner import assert_moved


@pytest.mark.todo("convolve", weight=1)
@pytest.mark.gpu
def test_convolution_stays_on_the_device(student, draw, device):
    """The result is where the images are."""
    inputs = cases.draw_kernels(draw)
    moved = [tensor.to(device) for tensor in inputs]
    assert_moved(student.convolve(*moved), student.convolve(*inputs), device, what="the result")


@pytest.mark.todo("network", weight=1)
@pytest.mark.gpu
def test_network_stays_on_the_device(student, reference, draw, device):
    """The logits are where the images are."""
    theirs, _ = cases.make_networks(student, reference, draw)
    images = draw.tensor(3, 2, 9, 9)
    own = theirs(images)
    assert_moved(theirs.to(device)(images.to(device)), own, device, what="the logits")
