"""The same numbers as the reference."""

import cases
import pytest

from grader.examiner import assert_parity, in_float64


@pytest.mark.todo("convolve", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_convolution_matches_the_reference(student, reference, draw):
    """Every window times every kernel."""
    inputs = cases.draw_kernels(draw)
    images, kernels, bias = inputs
    mistakes = {"the kernels are turned around": reference.convolve(images, kernels.flip(2, 3), bias)}
    expected, precise = reference.convolve(*inputs), in_float64(reference.convolve, *inputs)
    assert_parity(student.convolve(*inputs), expected, what="the result", precise=precise, mistakes=mistakes)


@pytest.mark.todo("pool", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_pooling_matches_the_reference(student, reference, draw):
    """The largest value of each square, of negative ones too."""
    images = draw.tensor(2, 3, 8, 6) - 2
    assert_parity(student.max_pool(images, 2), reference.max_pool(images, 2), what="the result")


@pytest.mark.todo("network", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_logits_match_the_reference(student, reference, draw):
    """Convolution, relu, pooling, head."""
    theirs, run = cases.make_networks(student, reference, draw)
    images = draw.tensor(6, 2, 9, 9)
    assert_parity(theirs(images), run(images), what="the logits")
