"""The shapes of what comes back."""

import cases
import pytest

from grader.examiner import assert_shape


@pytest.mark.todo("convolve", weight=1)
@pytest.mark.shape
def test_convolution_loses_the_edge(student, draw):
    """The result is [B, K, H-h+1, W-w+1]."""
    images, kernels, bias = cases.draw_kernels(draw)
    shape = (images.shape[0], kernels.shape[0], 5, 6)
    assert_shape(student.convolve(images, kernels, bias), shape, what="the result")


@pytest.mark.todo("pool", weight=1)
@pytest.mark.shape
def test_pooling_divides_height_and_width(student, draw):
    """The result is [B, C, H // size, W // size]."""
    b, c = draw.sizes(2)
    assert_shape(student.max_pool(draw.tensor(b, c, 12, 9), 3), (b, c, 4, 3), what="the result")


@pytest.mark.todo("network", weight=1)
@pytest.mark.shape
def test_logits_have_one_number_for_each_class(student, reference, draw):
    """The logits are [B, classes]."""
    theirs, _ = cases.make_networks(student, reference, draw)
    assert_shape(theirs(draw.tensor(3, 2, 9, 9)), (3, 4), what="the logits")
