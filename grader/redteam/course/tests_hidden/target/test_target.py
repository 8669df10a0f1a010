"""A handful of tests, one of each kind that real suites are made of."""

import pytest

from grader.examiner import assert_parity, assert_shape, load_weights, parameter_gradients


@pytest.mark.todo("double", weight=20)
@pytest.mark.parity
@pytest.mark.visibility("visible")
def test_double(student, reference, draw):
    """A number is doubled."""
    number = draw.integer(3, 1_000_000)
    assert student.double(number) == reference.double(number), "the number is not doubled"


@pytest.mark.todo("double", weight=10)
@pytest.mark.behaviour
@pytest.mark.visibility("visible")
def test_double_many(student, draw):
    """Each of several numbers is doubled."""
    numbers = [draw.integer(-1_000_000, 1_000_000) for _ in range(4)]
    found = [student.double(number) for number in numbers]
    assert found == [2 * number for number in numbers], "some number is not doubled"


@pytest.mark.todo("weigh", weight=10)
@pytest.mark.shape
@pytest.mark.visibility("visible")
def test_weigh_shape(student, reference, draw):
    """One row comes out, and it lies among the others."""
    n, d = draw.sizes(2)
    scores, values = draw.tensor(n), draw.tensor(n, d)
    row = student.weigh(scores, values)
    assert_shape(row, (d,), what="the weighed row")
    # A point for any row of that shape would be a present.
    assert_parity(row.sum(), reference.weigh(scores, values).sum(), what="the weighed row's sum")


@pytest.mark.todo("weigh", weight=30)
@pytest.mark.parity
@pytest.mark.visibility("visible")
def test_weigh(student, reference, draw):
    """Rows are weighed by the softmax of their scores."""
    n, d = draw.sizes(2)
    scores, values = draw.tensor(n), draw.tensor(n, d)
    assert_parity(student.weigh(scores, values), reference.weigh(scores, values), what="the weighed row")


@pytest.mark.todo("layer", weight=20)
@pytest.mark.parity
@pytest.mark.visibility("visible")
def test_layer(student, reference, draw):
    """The layer equals the reference's for the same weights."""
    n, i, o = draw.sizes(3)
    ours, theirs = reference.Layer(i, o), student.Layer(i, o)
    load_weights(theirs, ours)
    x = draw.tensor(n, i)
    assert_parity(theirs(x), ours(x), what="the layer's output")


@pytest.mark.todo("layer", weight=10)
@pytest.mark.behaviour
@pytest.mark.visibility("visible")
def test_layer_gradients(student, reference, draw):
    """The parameters' gradients equal the reference's."""
    n, i, o = draw.sizes(3)
    ours, theirs = reference.Layer(i, o), student.Layer(i, o)
    load_weights(theirs, ours)
    x = draw.tensor(n, i)
    ours(x).square().sum().backward()
    theirs(x).square().sum().backward()
    assert_parity(parameter_gradients(theirs), parameter_gradients(ours), what="gradients")
