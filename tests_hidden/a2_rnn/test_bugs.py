"""Find the bug: the corrected functions, and the number of the wrong line."""

import pytest
import torch
from torch import nn

from grader.examiner import assert_moved, assert_parity, fill_weights, load_weights


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
