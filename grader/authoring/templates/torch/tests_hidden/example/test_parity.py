"""The same numbers as the reference."""

import cases
import pytest

from grader.examiner import assert_parity, in_float64


# A gate: where it shows nothing of the right answer, no other test of the TODO counts. So zeros earn no point for
# their shape. Each TODO needs one. It compares with `assert_parity`, and many values at once.
@pytest.mark.todo("gate", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_gate_matches_the_reference(student, reference, draw):
    """The values times the sigmoid of the linear layer."""
    b, s, d = draw.sizes(3, low=4)
    ours, theirs = cases.make_gates(student, reference, draw, d)
    x = draw.tensor(b, s, d)
    expected = ours(x)
    # `precise` gives the tolerance; `mistakes` has a sentence for each known mistake.
    mistakes = {"the gate itself came back, without the values": ours.linear(x).sigmoid()}
    assert_parity(theirs(x), expected, what="the result", precise=in_float64(ours, x), mistakes=mistakes)


@pytest.mark.todo("classify", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_logits_match_the_reference(student, reference, draw):
    """The head of the mean over all positions."""
    b, s, d, c = draw.sizes(4, low=4)
    ours, theirs = cases.make_classifiers(student, reference, draw, d, c)
    x = draw.tensor(b, s, d)
    assert_parity(theirs(x), ours(x), what="the logits", precise=in_float64(ours, x))
