"""`assert_parity` and its neighbours: the values that they accept or refuse, and their messages."""

import random

import pytest
import torch

from grader.examiner.array_parity import find_tolerance
from grader.examiner.mismatch import Mismatch
from grader.examiner.parity import assert_moved, assert_parity, assert_shape, assert_unchanged
from grader.examiner.proxy import RemoteObject


def read_mismatch(actual, expected, **options) -> Mismatch:
    """The complaint about `actual`."""
    with pytest.raises(Mismatch) as caught:
        assert_parity(actual, expected, what="result", **options)
    return caught.value


@pytest.mark.parametrize(
    "value",
    [
        torch.tensor([1.0, 2.0]),
        torch.tensor([3, 4]),
        torch.tensor([True, False]),
        torch.tensor([1.0, float("-inf")]),
        torch.empty(0, 4),
        (torch.ones(2), [torch.zeros(1), {"a": 1.5}]),
        {"ids": [1, 2], "text": "ok"},
        0.25,
        7,
        "word",
        None,
    ],
)
def test_what_is_equal_is_accepted(value):
    """Tensors, numbers, text and nests of them equal themselves."""
    assert_parity(value, value, what="result")


def test_something_else_than_a_tensor_is_named():
    """A missing return is named as one."""
    assert read_mismatch(None, torch.ones(2)).message == "result: expected a tensor, found None (is there a `return`?)"


def test_another_shape_is_told_with_both_shapes():
    """Shapes are no secret: found and expected are said."""
    message = read_mismatch(torch.ones(2, 1), torch.ones(3)).message
    assert message == "result: the shape is [2, 1], expected [3]"


@pytest.mark.parametrize(
    ("found", "expected", "hint"),
    [
        ((3, 2), (2, 3), "the axes are in another order: `transpose` or `permute` moves them"),
        ((1, 2, 3), (2, 3), "there is an axis of size 1 too many: `squeeze` or an index takes one away"),
        ((3,), (3, 1), "an axis of size 1 is missing: `unsqueeze` adds one"),
        ((4,), (3,), ""),
    ],
)
def test_a_shape_is_explained(found, expected, hint):
    """Swapped axes and axes of size 1 are named."""
    assert read_mismatch(torch.ones(found), torch.ones(expected)).hint == hint


def test_another_dtype_is_refused():
    """Equal values of another dtype are not the same."""
    message = read_mismatch(torch.ones(2, dtype=torch.float64), torch.ones(2)).message
    assert message == "result: the dtype is float64, expected float32"


@pytest.mark.parametrize(
    ("found", "expected", "words"),
    [
        (torch.float64, torch.float32, "`.float()` leads back"),
        (torch.int64, torch.float32, "`.float()` makes decimal numbers"),
        (torch.float32, torch.int64, "`.long()`"),
        (torch.float16, torch.float32, ""),
    ],
)
def test_a_dtype_is_explained(found, expected, words):
    """Where one call leads to the right one."""
    hint = read_mismatch(torch.ones(2, dtype=found), torch.ones(2, dtype=expected)).hint
    assert words in hint and bool(hint) == bool(words)


def test_a_tuple_in_place_of_a_tensor_is_explained():
    """A comma, or a layer's whole result."""
    mismatch = read_mismatch((torch.ones(2),), torch.ones(2))
    assert mismatch.message == "result: expected a tensor, found a tuple"
    assert "a comma too many" in mismatch.hint
    assert read_mismatch(None, torch.ones(2)).hint == ""


def test_a_known_mistake_of_a_list_is_recognised():
    """As one of a tensor is."""
    mistakes = {"they add up": [1.0, 3.0]}
    with pytest.raises(Mismatch) as caught:
        assert_parity([1.0, 3.00001], [1.0, 2.0], what="losses", mistakes=mistakes)
    assert (caught.value.message, caught.value.hint) == ("losses[1]: the value differs", "they add up")


def test_parts_in_the_right_order_are_not_called_swapped():
    """A part may differ in more than its values: then its own message says how."""
    one, other = torch.arange(3.0), torch.ones(2, 2)
    for wrong, message in (
        (one.double(), "result[0]: the dtype is float64, expected float32"),
        (one + 1, "result[0]: 3"),
    ):
        assert read_mismatch((wrong, other), (one, other)).message.startswith(message)
    assert read_mismatch((one.double(), one), (one, one)).message.startswith("result[0]: the dtype")


def test_parts_in_another_order_are_named_so():
    """Whatever differs in the first of them follows from it."""
    one, other = torch.arange(3.0), torch.ones(2, 2)
    mismatch = read_mismatch((other, one), (one, other))
    assert mismatch.message == "result: the parts are right, their order is not"
    assert "docstring" in mismatch.hint
    assert "shape" in read_mismatch((other, one + 1), (one, other)).message


def test_another_device_is_refused():
    """A result that did not stay with its inputs is named so."""
    mismatch = read_mismatch(torch.ones(2, device="meta"), torch.ones(2))
    assert mismatch.message == "result: the result is on meta, its inputs are on cpu"


@pytest.mark.parametrize(("value", "word"), [(float("nan"), "nan"), (float("inf"), "infinite")])
def test_values_that_are_not_finite_are_counted(value, word):
    """Nan and infinity are named if they stand in place of finite values."""
    assert read_mismatch(torch.tensor([1.0, value]), torch.ones(2)).message == f"result: 1 of 2 values are {word}"


def test_an_expected_infinity_must_be_one():
    """A mask of minus infinity cannot be replaced by a large number."""
    mismatch = read_mismatch(torch.tensor([1.0, -1e9]), torch.tensor([1.0, float("-inf")]))
    assert mismatch.message == "result: values that should be infinite are not"


def test_the_first_difference_is_placed():
    """The message counts the values that differ and places the first, without the values."""
    actual = torch.arange(6.0).reshape(2, 3)
    expected = actual.clone()
    expected[1, 1:] += torch.tensor([1.0, 5.0])
    assert read_mismatch(actual, expected).message == "result: 2 of 6 values differ, the first at [1, 1]"


@pytest.mark.parametrize(
    ("actual", "expected", "hint"),
    [
        ([0.0, 0.0], [1.0, 2.0], "every value is zero"),
        ([3.0, 3.0], [1.0, 2.0], "every value is the same"),
        ([3.0, 1.0, 2.0], [2.0, 1.0, 3.0], "axis 0 is reversed"),
        ([2.0, 4.0, 8.0], [1.0, 2.0, 4.0], "every value is off by the same factor"),
        ([2.0, 4.0, 7.0], [1.0, 3.0, 6.0], "every value is off by the same amount"),
        ([[1.0, 5.0], [2.0, 3.0]], [[1.0, 2.0], [5.0, 3.0]], "it looks transposed"),
        ([1.0, 7.0, 2.0], [1.0, 2.0, 6.0], ""),
    ],
)
def test_a_difference_is_explained(actual, expected, hint):
    """A likely reason is given where the values show one."""
    assert read_mismatch(torch.tensor(actual), torch.tensor(expected)).hint == hint


def test_a_known_mistake_is_named():
    """The sentence of the mistake that fits is the hint, and no other."""
    expected = torch.tensor([1.0, 2.0, 4.0])
    mistakes = {"it was squared": expected**2, "it was halved": expected / 2}
    assert read_mismatch(expected / 2, expected, mistakes=mistakes).hint == "it was halved"


def test_a_known_mistake_of_another_shape_is_named():
    """A mistake may show in the shape."""
    mistakes = {"the sum ran over the wrong axis": torch.zeros(2)}
    assert read_mismatch(torch.zeros(2), torch.ones(3), mistakes=mistakes).hint == "the sum ran over the wrong axis"


def test_rounding_is_forgiven():
    """Another order of the same sum is right."""
    values = torch.randn(1000, generator=torch.Generator().manual_seed(1))
    assert_parity(values.flip(0).sum(), values.sum(), what="sum", precise=values.double().sum())


def test_the_tolerance_comes_from_float64():
    """The loss of float32 on this very computation widens the tolerance, and nothing else does."""
    expected = torch.tensor([1.0])
    exact, lossy = torch.tensor([1.0], dtype=torch.float64), torch.tensor([1.001], dtype=torch.float64)
    assert find_tolerance(expected, exact) == find_tolerance(expected)
    assert find_tolerance(expected, lossy) > 0.03
    assert_parity(torch.tensor([1.02]), expected, what="result", precise=lossy)
    read_mismatch(torch.tensor([1.02]), expected, precise=exact)


def test_a_small_but_real_difference_is_seen():
    """Four digits are compared even of values near one."""
    read_mismatch(torch.tensor([1.0, 1.0001]), torch.tensor([1.0, 1.0]))


def test_parts_are_counted_and_named():
    """A tuple of another length, and the part that differs."""
    expected = (torch.ones(2), torch.zeros(2))
    assert read_mismatch(torch.ones(2), expected).message == "result: expected 2 parts, found a tensor of shape [2]"
    assert read_mismatch(expected[:1], expected).message == "result: there are 1 parts, expected 2"
    assert read_mismatch([torch.ones(2), torch.ones(2)], expected).message.startswith("result[1]: 2 of 2 values differ")


def test_keys_are_compared():
    """A missing key is counted, a wrong value named by its key."""
    assert "1 missing, 0 too many" in read_mismatch({}, {"a": 1}).message
    assert read_mismatch({"a": 2.0}, {"a": 1.0}).message == "result['a']: the value differs"
    assert read_mismatch(3, {"a": 1}).message == "result: expected a dict, found a int"


def test_numbers_are_compared():
    """A float may be off by rounding; a flag is no number."""
    assert_parity(0.1 + 0.2, 0.3, what="result")
    assert read_mismatch("0.3", 0.3).message == "result: expected a number, found a str"
    assert read_mismatch(True, 1.0).message == "result: expected a number, found a bool"
    assert read_mismatch(0.5, 0.3, mistakes={"it was rounded": 0.5}).hint == "it was rounded"


def test_an_integer_is_compared_exactly():
    """Whole numbers, text and None must be equal and of one type."""
    assert read_mismatch(True, 1).message == "result: a bool is not what was expected"
    read_mismatch("wort", "word")


def make_value(chance: random.Random, depth: int = 0):
    """A number, a word, a tensor, or a nest of them; every leaf has five digits of its own."""
    numbers = [chance.randint(10_000, 99_999) for _ in range(chance.randint(1, 4))]
    leaves = (numbers[0], float(numbers[0]), str(numbers[0]), torch.tensor(numbers), torch.tensor(numbers).float())
    if depth == 3 or chance.random() < 0.5:
        return chance.choice(leaves)
    inner = [make_value(chance, depth + 1) for _ in range(chance.randint(1, 3))]
    return chance.choice((inner, tuple(inner), dict(zip("abc", inner, strict=False))))


def change_value(chance: random.Random, value):
    """The same nest with some other leaves, so that deep differences are met too."""
    if isinstance(value, (list, tuple)):
        return type(value)(change_value(chance, item) for item in value)
    if isinstance(value, dict):
        return {key: change_value(chance, item) for key, item in value.items()}
    return value if chance.random() < 0.5 else make_value(chance, depth=3)


@pytest.mark.parametrize("seed", range(200))
def test_no_expected_value_is_in_a_message(seed: int):
    """No number or word that was expected can be read off the complaint, for any two values."""
    chance = random.Random(seed)
    expected = make_value(chance)
    for actual in (None, make_value(chance), change_value(chance, expected)):
        try:
            assert_parity(actual, expected, what="result")
        except Mismatch as mismatch:
            assert not [leaf for leaf in list_leaves(expected) if leaf in str(mismatch)]


def list_leaves(value) -> list[str]:
    """Every number and word of a nest, as the digits it would be printed with."""
    if isinstance(value, torch.Tensor):
        value = value.tolist()
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in list_leaves(item)]
    return [str(int(value))]


def test_a_shape_must_be_exact():
    """`assert_shape` knows no broadcasting, and says what it found."""
    assert_shape(torch.ones(2, 3), (2, 3), what="scores")
    with pytest.raises(Mismatch, match=r"scores: the shape is \[2, 3\], expected \[3\]"):
        assert_shape(torch.ones(2, 3), (3,), what="scores")
    with pytest.raises(Mismatch, match="scores: expected a tensor, found a float"):
        assert_shape(1.0, (), what="scores")


def test_a_changed_input_is_told():
    """`assert_unchanged` compares every value."""
    assert_unchanged(torch.ones(2), torch.ones(2), what="the input")
    with pytest.raises(Mismatch, match="the input was changed by the call"):
        assert_unchanged(torch.ones(2), torch.tensor([1.0, 2.0]), what="the input")


def test_nothing_is_worked_out_for_an_answer_that_is_the_same():
    """A function that only a difference needs is not called."""

    def refuse():
        raise RuntimeError("called")

    value = torch.tensor([1.0, 2.0])
    assert_parity(value.clone(), value, what="it", precise=refuse, mistakes=refuse)
    assert_parity([value.clone()], [value], what="it")


@pytest.mark.parametrize("value", [torch.tensor([1.0, 2.0]), 1.5, {"a": torch.tensor([1.0])}, [torch.tensor([1.0])]])
def test_a_function_may_give_the_precise_result(value):
    """Its loss decides what still counts as the same, as that of a value does."""
    nearly = nudge(value, 1e-3)
    with pytest.raises(Mismatch):
        assert_parity(nearly, value, what="it")
    assert_parity(nearly, value, what="it", precise=lambda: nudge(value, 1e-3))


def test_a_function_may_name_the_mistakes():
    """They are looked at only where values differ."""
    with pytest.raises(Mismatch, match="it was doubled"):
        value = torch.tensor([1.0, 2.0])
        assert_parity(2 * value, value, what="it", mistakes=lambda: {"it was doubled": 2 * value})


def nudge(value, by):
    """The same value, every number of it a little larger."""
    if isinstance(value, dict):
        return {key: nudge(part, by) for key, part in value.items()}
    return [nudge(part, by) for part in value] if isinstance(value, list) else value + by


@pytest.mark.parametrize("compare", [assert_parity, lambda *values, what: assert_moved(*values, "cpu", what=what)])
def test_two_objects_of_a_submission_are_no_fault_of_the_test(compare) -> None:
    """A submission that returns an object where results of its own are compared fails the test, and breaks nothing."""
    layers = [RemoteObject(None, number, "Embedding") for number in (1, 2)]
    with pytest.raises(
        Mismatch, match="table: found an object of type Embedding, which has no values to compare"
    ) as error:
        compare(*layers, what="table")
    assert error.value.cause == ""
