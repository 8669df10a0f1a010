"""Find the bug: the corrected functions, and the number of the wrong line."""

import pytest
import torch
from torch import nn

from grader.examiner import assert_moved, assert_parity, assert_unchanged

DEPTH = 3


def describe_parameters(module):
    """The shapes of a module's parameters, as text, in order."""
    return sorted(str(tuple(parameter.shape)) for parameter in module.parameters())


def set_parameters(module, matrices, biases):
    """Give a module's matrices and vectors these values, in their order."""
    matrices, biases = list(matrices), list(biases)
    with torch.no_grad():
        for parameter in module.parameters():
            (values) = matrices if parameter.dim() == 2 else biases
            if values:
                parameter.copy_(values.pop(0))


def train_once(module, x):
    """What a module gives after one step of gradient descent on the sum of its squares."""
    loss = module(x).pow(2).sum()
    loss.backward()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter -= 0.05 * parameter.grad
        return module(x)


def make_right(width: int, matrices, biases) -> nn.Module:
    """The right stack, with these weights."""
    right = nn.Sequential(*(part for _ in range(DEPTH) for part in (nn.Linear(width, width), nn.ReLU())))
    set_parameters(right, matrices, biases)
    return right


def draw_stack(student, draw):
    """The right stack, the submission's with the same weights, and inputs."""
    width = draw.integer(4, 7)
    matrices = [draw.tensor(width, width) for _ in range(DEPTH)]
    biases = [draw.tensor(width) + 0.5 for _ in range(DEPTH)]
    theirs = student.Stack(width, DEPTH)
    student.define(set_parameters)(theirs, matrices, biases)
    return make_right(width, matrices, biases), theirs, draw.tensor(5, width)


def run_all(function, cases):
    """The results of several calls, and the inputs as they are after them."""
    return [[function(*case) for case in cases], cases]


def assert_each(found, cases, right, *, what: str) -> None:
    """Compare the results of run_all, and see that the inputs have stayed."""
    for result, expected, case in zip(found[0], right, cases, strict=True):
        shapes = ", ".join(str(list(tensor.shape)) for tensor in case)
        assert_parity(result.detach(), expected, what=f"{what} for inputs of the shapes {shapes}")
    for after, before in zip(found[1], cases, strict=True):
        for own, given in zip(after, before, strict=True):
            assert_unchanged(given, own, what="an input")


@pytest.mark.todo("bug.classes", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_losses_are_those_of_the_tokens(poisoned, draw):
    """Each token's loss is minus the log-probability that its own position gives it."""
    steps, classes = draw.sizes(2, low=4, high=8)
    logits, targets = draw.tensor(3, steps, classes), draw.ids(classes, 3, steps)
    right = -logits.log_softmax(-1).gather(2, targets.unsqueeze(2)).squeeze(2)
    scrambled = logits.reshape(3, classes, steps).log_softmax(1).gather(1, targets.unsqueeze(1)).squeeze(1)
    mistakes = {"logits of different positions got mixed: reshape does not exchange axes": -scrambled}
    assert_parity(poisoned.token_losses(logits, targets), right, what="the losses", mistakes=mistakes)


@pytest.mark.todo("bug.classes", weight=1)
@pytest.mark.behaviour
def test_wrong_line_of_the_losses_is_named(student):
    """The number is that of the one line that has to change."""
    assert student.bug_in_token_losses() == 3, (
        "another line is wrong: write down six numbers of shape [1,2,3], and reshape them"
    )


@pytest.mark.todo("bug.classes", weight=1)
@pytest.mark.gpu
def test_losses_on_the_device(student, draw, device):
    """Logits and targets on the device give the right losses there."""
    logits, targets = draw.tensor(2, 4, 5), draw.ids(5, 2, 4)
    right = -logits.log_softmax(-1).gather(2, targets.unsqueeze(2)).squeeze(2)
    found = student.token_losses(logits.to(device), targets.to(device))
    assert_moved(found, right, device, what="the losses on the device")


@pytest.mark.todo("bug.stack", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_stack_computes_with_its_parameters(poisoned, draw):
    """Weights that are put into its parameters are those that it computes with."""
    ours, theirs, x = draw_stack(poisoned, draw)
    assert_parity(theirs(x).detach(), ours(x).detach(), what="output")


@pytest.mark.todo("bug.stack", weight=1)
@pytest.mark.parity
def test_stack_learns(student, draw):
    """One step of gradient descent changes every layer."""
    ours, theirs, x = draw_stack(student, draw)
    shapes = student.define(describe_parameters)(theirs)
    assert shapes == describe_parameters(ours), f"a stack of {DEPTH} layers should have {2 * DEPTH} parameters"
    found = student.define(train_once)(theirs, x)
    assert_parity(found, train_once(ours, x), what="output after a step of training")


@pytest.mark.todo("bug.stack", weight=1)
@pytest.mark.behaviour
def test_wrong_line_of_the_stack_is_named(student):
    """The number is that of the one line that has to change."""
    assert student.bug_in_stack() == 4, "another line is wrong: what does list(stack.parameters()) give?"


@pytest.mark.todo("bug.stack", weight=1)
@pytest.mark.gpu
def test_stack_on_the_device(student, draw, device):
    """All layers move to the device."""
    ours, theirs, x = draw_stack(student, draw)
    found = theirs.to(device)(x.to(device)).detach()
    assert_moved(found, ours(x), device, what="output on the device")


@pytest.mark.todo("bug.classes", weight=1)
@pytest.mark.parity
def test_losses_of_every_size(student, draw):
    """Axes of one, more classes than positions, and a second call with other values give the right losses, too."""
    sizes = [(2, 4, 5), (2, 4, 5), (1, 1, 4), (2, 1, 3), (1, 5, 2), (3, 2, 7), (6, 3, 2)]
    cases = [[draw.tensor(*size), draw.ids(size[2], *size[:2])] for size in sizes]
    copies = [[tensor.clone() for tensor in case] for case in cases]
    found = student.define(run_all)(student.token_losses, cases)
    right = [-logits.log_softmax(-1).gather(2, targets.unsqueeze(2)).squeeze(2) for logits, targets in copies]
    assert_each(found, copies, right, what="losses")


@pytest.mark.todo("bug.stack", weight=1)
@pytest.mark.parity
def test_stack_keeps_axes_of_one(student, draw):
    """A batch of one keeps its axes."""
    ours, theirs, x = draw_stack(student, draw)
    for row in (x[:1], x[:1].unsqueeze(0)):
        assert_parity(theirs(row).detach(), ours(row).detach(), what="output of a batch of one")
