"""Weights, float64 copies and gradients of a module on either side."""

import pytest
import torch

from grader.examiner.mismatch import Mismatch
from grader.examiner.module_tools import in_float64, load_weights


def test_a_double_copy_leaves_the_module_alone():
    """`in_float64` computes with a copy."""
    layer = torch.nn.Linear(2, 2)
    assert in_float64(layer, torch.ones(2)).dtype == torch.float64
    assert layer.weight.dtype == torch.float32


def test_a_function_is_computed_in_float64():
    """Lists of tensors are doubled, ids are left as they are."""
    double, ids = in_float64(lambda tensors, ids: (tensors[0], ids), [torch.ones(1)], torch.tensor([1]))
    assert (double.dtype, ids.dtype) == (torch.float64, torch.int64)


class Ours(torch.nn.Module):
    """Two layers of different sizes."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(2, 3)
        self.second = torch.nn.Linear(3, 4)


def make_theirs(**layers: torch.nn.Module) -> torch.nn.Module:
    """A module with layers of those names."""
    module = torch.nn.Module()
    for name, layer in layers.items():
        module.add_module(name, layer)
    return module


def test_weights_go_by_name():
    """Equal names get equal weights."""
    ours, theirs = Ours(), Ours()
    load_weights(theirs, ours)
    assert torch.equal(theirs.second.weight, ours.second.weight)


def test_weights_of_renamed_layers_go_by_shape():
    """Other names, and another order, are understood while the shapes tell the layers apart."""
    ours = Ours()
    theirs = make_theirs(output=torch.nn.Linear(3, 4), embed=torch.nn.Linear(2, 3))
    load_weights(theirs, ours)
    assert torch.equal(theirs.output.weight, ours.second.weight)
    assert torch.equal(theirs.embed.bias, ours.first.bias)


def test_weights_of_like_layers_go_by_order():
    """Renamed layers of one shape are taken in the order of the constructor."""
    ours = make_theirs(one=torch.nn.Linear(2, 2), two=torch.nn.Linear(2, 2))
    theirs = make_theirs(eins=torch.nn.Linear(2, 2), zwei=torch.nn.Linear(2, 2))
    load_weights(theirs, ours)
    assert torch.equal(theirs.eins.weight, ours.one.weight)
    assert torch.equal(theirs.zwei.weight, ours.two.weight)


def test_layers_that_do_not_fit_are_listed():
    """No one can say which of several like layers is missing, so expected and found are listed."""
    ours = make_theirs(one=torch.nn.Linear(2, 2, bias=False), two=torch.nn.Linear(2, 2, bias=False))
    theirs = make_theirs(only=torch.nn.Linear(2, 2, bias=False))
    with pytest.raises(Mismatch) as caught:
        load_weights(theirs, ours)
    assert "expected one.weight [2, 2], two.weight [2, 2], found only.weight [2, 2]" in caught.value.message
    assert caught.value.hint == "the constructor is given code: restore its layers and their sizes"


def test_a_layer_of_another_size_is_told():
    """A size that the skeleton does not have is a mismatch, not an exception of torch."""
    with pytest.raises(Mismatch, match="the layers do not match the skeleton's"):
        load_weights(make_theirs(first=torch.nn.Linear(2, 5), second=torch.nn.Linear(5, 4)), Ours())
