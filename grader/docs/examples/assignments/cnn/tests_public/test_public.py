"""Your own quick check: small examples whose answers can be worked out on paper."""

import pytest
import torch

from grader.examiner import assert_parity, assert_shape

IMAGE = torch.arange(9.0).reshape(1, 1, 3, 3)


@pytest.mark.todo("convolve")
@pytest.mark.behaviour
def test_kernel_of_ones_adds_up_windows(student):
    """Windows of 2 x 2 of the numbers 0 to 8."""
    found = student.convolve(IMAGE, torch.ones(1, 1, 2, 2), torch.tensor([1.0]))
    assert_parity(found, torch.tensor([[[[9.0, 13.0], [21.0, 25.0]]]]), what="the result")


@pytest.mark.todo("pool")
@pytest.mark.behaviour
def test_largest_of_the_first_square(student):
    """The third row and column fill no square."""
    assert_parity(student.max_pool(IMAGE, 2), torch.tensor([[[[4.0]]]]), what="the result")


@pytest.mark.todo("network")
@pytest.mark.shape
def test_logits_have_one_number_for_each_class(student):
    """Two images and five classes."""
    assert_shape(student.SmallCNN(1, 4, 8, 5)(torch.ones(2, 1, 8, 8)), (2, 5), what="the logits")
