"""Code that runs on a GPU. Without one, `device` is a virtual device on which the same code fails."""

import cases
import pytest

from grader.examiner import assert_moved


@pytest.mark.todo("gate", weight=1)
@pytest.mark.gpu
def test_gate_stays_on_the_device(student, reference, draw, device):
    """The result is where its input is."""
    _, theirs = cases.make_gates(student, reference, draw, 5)
    x = draw.tensor(4, 5)
    own = theirs(x)
    assert_moved(theirs.to(device)(x.to(device)), own, device, what="the result")


@pytest.mark.todo("classify", weight=1)
@pytest.mark.gpu
def test_classifier_stays_on_the_device(student, reference, draw, device):
    """The logits are where the sequences are."""
    _, theirs = cases.make_classifiers(student, reference, draw, 5, 3)
    x = draw.tensor(4, 6, 5)
    own = theirs(x)
    assert_moved(theirs.to(device)(x.to(device)), own, device, what="the logits")
