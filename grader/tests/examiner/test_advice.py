"""What to try after an exception: by the texts that torch and Python really have."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from grader.examiner.advice import advise


def back_twice() -> None:
    """A state that is carried on without `detach`."""
    weight = torch.ones(2, requires_grad=True)
    loss = (weight * weight).sum()
    loss.backward()
    loss.backward()


def change_in_place() -> None:
    """A tensor that a gradient still needs is changed."""
    weight = torch.ones(2, requires_grad=True)
    result = weight.exp()
    result += 1
    result.sum().backward()


def read_too_early() -> int:
    """A name that only a branch binds."""
    if not read_too_early:
        value = 1
    return value


CASES: list[tuple[Callable[[], object], str]] = [
    (back_twice, "`detach` what is carried"),
    (change_in_place, "not `a += b`"),
    (read_too_early, "set it before the `if`"),
    (lambda: torch.zeros(2).sum().backward(), "computed under `no_grad`"),
    (lambda: torch.zeros(2, 3) @ torch.zeros(2, 3), "compare the shapes"),
    (lambda: torch.zeros(2, 3) @ torch.zeros(2), "compare the shapes"),
    (lambda: torch.zeros(2) + torch.zeros(3), "compare the shapes"),
    (lambda: torch.cat([torch.zeros(2, 2), torch.zeros(3, 3)]), "compare the shapes"),
    (lambda: torch.zeros(6).view(4), "compare the shapes"),
    (lambda: nn.LSTM(2, 3)(torch.zeros(1, 2), (torch.zeros(1, 4), torch.zeros(1, 3))), "compare the shapes"),
    (lambda: torch.zeros(2).softmax(dim=1), "another number of axes"),
    (lambda: torch.zeros(2)[0, 0], "another number of axes"),
    (lambda: nn.GRU(2, 3)(torch.zeros(1, 2), torch.zeros(1, 1, 3)), "another number of axes"),
    (lambda: nn.LSTM(2, 3)(torch.zeros(2)), "another number of axes"),
    (lambda: torch.zeros(2) + torch.zeros(2, device="meta"), "the device of the inputs"),
    (lambda: nn.Embedding(3, 2)(torch.zeros(1)), "ids are `.long()`"),
    (lambda: nn.Linear(2, 2)(torch.zeros(2, dtype=torch.float64)), "ids are `.long()`"),
    (lambda: nn.Embedding(3, 2)(torch.tensor([3])), "they begin with 0"),
    (lambda: torch.zeros(2)[2], "they begin with 0"),
    (lambda: print(None + torch.zeros(2)), "does every function"),  # type: ignore[operator]
    (lambda: len(None), "does every function"),  # type: ignore[arg-type]
    (lambda: nn.LSTM(2, 3)(torch.zeros(1, 2)).shape, "unpack as many"),
    (lambda: torch.tanh(nn.LSTM(2, 3)(torch.zeros(1, 2))), "unpack as many"),
]


@pytest.mark.parametrize(("mistake", "words"), CASES)
def test_what_to_try_is_named(mistake: Callable[[], object], words: str) -> None:
    """One sentence, which the text of the exception does not have."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each has a type of its own
        mistake()
    assert words in advise(str(caught.value)), str(caught.value)


@pytest.mark.parametrize("message", ["", "boom", "name 'x' is not defined", "division by zero"])
def test_what_is_not_known_gets_no_advice(message: str) -> None:
    """Wrong advice costs more time than none."""
    assert advise(message) == ""
