"""Find the bug: the corrected functions, and the number of the wrong line."""

import pytest
import torch
from torch import nn

from grader.examiner import assert_moved, assert_parity, assert_unchanged, fill_weights, load_weights

NO_GRADIENT = "the result carries no gradient: was something detached, or computed under no_grad?"


def make_cells(size: int, count: int) -> nn.ModuleList:
    """So many cells of one size."""
    return nn.ModuleList(nn.RNNCell(size, size) for _ in range(count))


def draw_layers(student, draw, count: int):
    """Cells on both sides, inputs [S,H] and first states [L,H]."""
    size, steps = draw.sizes(2, low=4, high=8)
    ours = fill_weights(make_cells(size, count), draw, scale=0.5)
    theirs = student.define(make_cells)(size, count)
    load_weights(theirs, ours)
    return ours, theirs, draw.tensor(steps, size), draw.tensor(count, size)


@torch.no_grad()
def run_each(cells: nn.ModuleList, x: torch.Tensor, h: torch.Tensor, *, reads_below: bool = True) -> torch.Tensor:
    """The last states, one layer after the other; all layers read x itself unless they read the layer below."""
    last, sequence = [], x
    for cell, state in zip(cells, h, strict=True):
        outputs = []
        for item in sequence:
            state = cell(item, state)
            outputs.append(state)
        sequence = torch.stack(outputs) if reads_below else x
        last.append(state)
    return torch.stack(last)


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


@pytest.mark.todo("bug.layers", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_layers_read_the_layer_below(poisoned, draw):
    """Three layers end in the states of three networks, each of which reads what the one below gives; one layer, too."""
    for count in (3, 1):
        ours, theirs, x, h = draw_layers(poisoned, draw, count)
        mistakes = {"every layer reads the input itself": run_each(ours, x, h, reads_below=False)}
        found = poisoned.run_layers(theirs, x, h)
        assert_parity(found, run_each(ours, x, h), what=f"the last states of {count} layers", mistakes=mistakes)


@pytest.mark.todo("bug.layers", weight=1)
@pytest.mark.behaviour
def test_wrong_line_of_the_layers_is_named(student):
    """The number is that of the one line that has to change."""
    assert student.bug_in_run_layers() == 5, "another line is wrong: what does the second layer read?"


@pytest.mark.todo("bug.layers", weight=1)
@pytest.mark.gpu
def test_layers_on_the_device(student, draw, device):
    """Cells and inputs on the device give the right states there."""
    ours, theirs, x, h = draw_layers(student, draw, 2)
    found = student.run_layers(theirs.to(device), x.to(device), h.to(device))
    assert_moved(found, run_each(ours, x, h), device, what="the last states on the device")


@pytest.mark.todo("bug.ends", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_each_direction_gives_its_end(poisoned, draw):
    """The result is what torch keeps as the last states of both directions; for a single step, too."""
    size, steps = draw.sizes(2, low=5, high=9)
    gru = fill_weights(nn.GRU(3, size, bidirectional=True), draw)
    for count in (steps, 1):
        with torch.no_grad():
            outputs, h_n = gru(draw.tensor(count, 3))
        mistakes = {
            "the backward half was taken where it has read one step only": outputs[-1],
            "the backward half should come second": torch.cat([h_n[1], h_n[0]]),
        }
        assert_parity(poisoned.join_ends(outputs), torch.cat([h_n[0], h_n[1]]), what="the ends", mistakes=mistakes)


@pytest.mark.todo("bug.ends", weight=1)
@pytest.mark.behaviour
def test_wrong_line_of_the_ends_is_named(student):
    """The number is that of the one line that has to change."""
    assert student.bug_in_join_ends() == 4, "another line is wrong: where does each direction stop reading?"


@pytest.mark.todo("bug.ends", weight=1)
@pytest.mark.gpu
def test_ends_on_the_device(student, draw, device):
    """Outputs on the device are joined there."""
    outputs = draw.tensor(5, 6)
    right = torch.cat([outputs[-1, :3], outputs[0, 3:]])
    assert_moved(student.join_ends(outputs.to(device)), right, device, what="the ends on the device")


@pytest.mark.todo("bug.layers", weight=1)
@pytest.mark.parity
def test_layers_of_every_size(student, draw):
    """One step, states of one number, and a second call with other values give the right states, too."""
    for steps, size in ((5, 4), (1, 3), (4, 1)):
        ours = fill_weights(make_cells(size, 2), draw, scale=0.5)
        theirs = student.define(make_cells)(size, 2)
        load_weights(theirs, ours)
        inputs = [[draw.tensor(steps, size), draw.tensor(2, size)] for _ in range(2)]
        copies = [[tensor.clone() for tensor in case] for case in inputs]
        found = student.define(run_all)(student.run_layers, [[theirs, *case] for case in inputs])
        assert found[0][0].requires_grad, NO_GRADIENT
        assert_each(
            [found[0], [case[1:] for case in found[1]]],
            copies,
            [run_each(ours, *case) for case in copies],
            what="last states",
        )


@pytest.mark.todo("bug.ends", weight=1)
@pytest.mark.parity
def test_ends_of_every_size(student, draw):
    """One step, halves of one number, and a second call with other values give the right ends, too."""
    sizes = [(5, 4), (5, 4), (1, 6), (4, 2), (1, 2), (3, 10)]
    cases = [[draw.tensor(*size)] for size in sizes]
    copies = [[tensor.clone() for tensor in case] for case in cases]
    found = student.define(run_all)(student.join_ends, cases)
    right = [
        torch.cat([outputs[-1, : size // 2], outputs[0, size // 2 :]])
        for (outputs,), (_, size) in zip(copies, sizes, strict=True)
    ]
    assert_each(found, copies, right, what="the ends")
