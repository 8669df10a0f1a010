"""Your own quick check: small examples whose answers can be worked out on paper."""

# Students receive this file. A public test has no weight, and cannot use `reference`.
import pytest
import torch

from grader.examiner import assert_parity, assert_shape


@pytest.mark.todo("gate")
@pytest.mark.behaviour
def test_gate_of_zero_weights_halves(student):
    """The sigmoid of zero is one half."""
    gate = student.Gate(2)
    weights = {
        "linear.weight": torch.zeros(2, 2),
        "linear.bias": torch.zeros(2),
        "value.weight": torch.eye(2),
        "value.bias": torch.zeros(2),
    }
    gate.load_state_dict(weights)
    assert_parity(gate(torch.tensor([[4.0, -2.0]])), torch.tensor([[2.0, -1.0]]), what="the result")


@pytest.mark.todo("classify")
@pytest.mark.shape
def test_logits_have_one_number_for_each_class(student):
    """Two sequences and three classes."""
    assert_shape(student.Classifier(4, 3)(torch.ones(2, 5, 4)), (2, 3), what="the logits")
