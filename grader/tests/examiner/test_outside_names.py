"""Code of a TODO that reads a variable of the notebook."""

import ast

import pytest

from grader.examiner.outside_names import OutsideName, find_outside_names
from grader.model.assignment import Todo

SOURCE = """\
import torch
weights = torch.zeros(3)
SIZE = int(3)
rate = 0.5

def f(x):
    {}

class Net:
    def forward(self, x):
        return x
"""


def test_a_value_inside_of_a_block_is_computed_too() -> None:
    """As a notebook's own cells do under `no_grad`."""
    source = "with torch.no_grad():\n    if 1:\n        weights, _ = g()\ndef f(x):\n    return weights\n"
    todo = Todo(id="one", title="One", points=1, where=("f",))
    assert find_outside_names(ast.parse(source), [todo]) == {"one": OutsideName("weights", 5)}


def find(body: str, place: str = "f") -> OutsideName | None:
    """What the TODO in `place` reads from outside."""
    todo = Todo(id="one", title="One", points=1, where=(place,))
    return find_outside_names(ast.parse(SOURCE.format(body)), [todo]).get("one")


@pytest.mark.parametrize("body", ["return weights", "y = x\n    return y + weights[0]", "return [weights for _ in x]"])
def test_a_variable_of_the_notebook_is_named_with_its_line(body: str) -> None:
    """It was computed once, from other values."""
    read = find(body)
    assert read is not None and read.name == "weights" and read.line in (7, 8)


@pytest.mark.parametrize(
    "body",
    [
        "weights = x\n    return weights",
        "return [weights for weights in x]",
        "return (lambda weights: weights)(x)",
        "return x * SIZE * rate",
        "return torch.zeros(3)",
        "import weights\n    return weights",
        "return weights_of(x)",
    ],
)
def test_own_names_constants_and_modules_are_none(body: str) -> None:
    """What the function binds itself, and what is meant to be read from anywhere."""
    assert find(body) is None


def test_only_the_todos_own_code_is_read() -> None:
    """Another function, or a place that is not there, is none of it."""
    assert find("return weights", "Net.forward") is None
    assert find("return weights", "Net") is None
    assert find("return weights", "nothing") is None
