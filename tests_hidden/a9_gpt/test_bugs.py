"""Find the bug: the corrected functions, and the number of the wrong line."""

import pytest
import torch
from torch import nn

from grader.examiner import Caller, assert_moved, assert_parity, assert_shape, assert_unchanged


def draw_texts(draw):
    """Logits [B,T,V] of texts of different lengths, the longest one not first; what stands at padding is not zero."""
    steps, width = draw.sizes(2, low=5, high=9)
    return draw.tensor(4, steps, width), torch.tensor([1, *draw.shuffled([2, 3, steps])])


def draw_training(draw):
    """A table of logits [V,V] and one text, read ten times."""
    size, steps = draw.sizes(2, low=4, high=8)
    return draw.tensor(size, size), [draw.ids(size, 3, steps)] * 10


def train_for(train_step, table, batches, rate=1.5):
    """The losses of one step on each batch, and the weights then: a table says what follows each token."""

    class Bigrams(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Parameter(table.clone())

        def forward(self, ids):
            return self.table[ids]

    class Descent:
        def __init__(self, parameter):
            self.parameter = parameter

        def zero_grad(self, set_to_none=True):
            self.parameter.grad = None

        def step(self):
            if self.parameter.grad is not None:
                with torch.no_grad():
                    self.parameter -= rate * self.parameter.grad

    def measure_loss(logits, ids):
        return -logits[:, :-1].log_softmax(-1).gather(-1, ids[:, 1:].unsqueeze(-1)).mean()

    model = Bigrams()
    losses = [train_step(model, measure_loss, Descent(model.table), ids) for ids in batches]
    return losses, model.table.detach(), batches


def step_without_clearing(model, measure_loss, optimizer, ids):
    """The mistake that gradients are never cleared."""
    loss = measure_loss(model(ids), ids)
    loss.backward()
    optimizer.step()
    return loss.item()


@pytest.mark.todo("bug.last", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_each_text_goes_on_from_its_own_end(poisoned, draw):
    """What follows a text is what the logits at its last real token say, however long its neighbours are."""
    logits, lengths = draw_texts(draw)
    found = poisoned.next_probabilities(logits, lengths)
    assert_shape(found, (logits.shape[0], logits.shape[2]), what="the probabilities")
    ends = torch.stack([row[length - 1] for row, length in zip(logits, lengths.tolist(), strict=True)])
    mistakes = {
        "the last column was read: it is padding in the shorter rows": logits[:, -1].softmax(-1),
        "the position after the last real token was read": torch.stack(
            [row[length % len(row)] for row, length in zip(logits, lengths.tolist(), strict=True)]
        ).softmax(-1),
        "these are logits: the softmax is missing": ends,
    }
    assert_parity(found, ends.softmax(-1), what="the probabilities", mistakes=mistakes)


@pytest.mark.todo("bug.last", weight=1)
@pytest.mark.behaviour
def test_wrong_line_of_the_probabilities_is_named(student):
    """The number is that of the one line that has to change."""
    assert student.bug_in_next_probabilities() == 2, "another line is wrong: follow a short text through the function"


@pytest.mark.todo("bug.last", weight=1)
@pytest.mark.gpu
def test_probabilities_on_the_device(student, reference, draw, device):
    """Logits on the device give the right probabilities there, with lengths beside them or on the CPU."""
    logits, lengths = draw_texts(draw)
    right = reference.next_probabilities(logits, lengths)
    for there in (lengths.to(device), lengths):
        found = student.next_probabilities(logits.to(device), there)
        assert_moved(found, right, device, what="the probabilities on the device")


@pytest.mark.todo("bug.last", weight=1)
@pytest.mark.behaviour
def test_probabilities_of_batches_of_every_form(student, draw):
    """Each call is answered by itself, for one text and one token too, and its inputs stay as they are."""
    for number, (rows, steps, size) in enumerate([(3, 4, 5), (3, 4, 5), (1, 3, 4), (3, 1, 4), (2, 3, 1), (4, 2, 3)]):
        logits = draw.tensor(rows, steps, size)
        lengths = torch.tensor([1 + (number + row) % steps for row in range(rows)])
        right = logits[torch.arange(rows), lengths - 1].softmax(-1)
        assert_parity(student.next_probabilities(logits, lengths), right, what="the probabilities")
    after = student.define(Caller)().inputs_after(student.next_probabilities, logits, lengths)
    assert_unchanged(logits, after[0], what="logits")
    assert_unchanged(lengths, after[1], what="lengths")


@pytest.mark.todo("bug.step", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_losses_fall_as_the_reference_s_do(poisoned, reference, draw):
    """Ten steps on one text give the reference's ten losses."""
    table, batches = draw_training(draw)
    found, _, _ = poisoned.define(train_for)(poisoned.train_step, table, batches)
    assert all(isinstance(loss, float) for loss in found), "the loss should be a plain float"
    right, _, _ = train_for(reference.train_step, table, batches)
    added, _, _ = train_for(step_without_clearing, table, batches)
    mistakes = {
        "the gradients were cleared before they were used: nothing is learnt": torch.tensor([right[0]] * len(right)),
        "gradients of earlier steps were added": torch.tensor(added),
    }
    assert_parity(torch.tensor(found), torch.tensor(right), what="the losses", mistakes=mistakes)


@pytest.mark.todo("bug.step", weight=1)
@pytest.mark.parity
def test_each_step_changes_the_weights(student, reference, draw):
    """Two steps on different texts leave the reference's weights, as do steps on one text and on many short ones."""
    table, _ = draw_training(draw)
    for shapes in (((2, 7), (2, 5)), ((1, 4), (6, 3))):
        batches = [draw.ids(len(table), *shape) for shape in shapes]
        _, found, after = student.define(train_for)(student.train_step, table, batches)
        _, right, _ = train_for(reference.train_step, table, batches)
        assert_parity(found, right, what="the weights after two steps")
        for before, now in zip(batches, after, strict=True):
            assert_unchanged(before, now, what="ids")


@pytest.mark.todo("bug.step", weight=1)
@pytest.mark.behaviour
def test_wrong_line_of_the_step_is_named(student):
    """The number is that of the one line that has to change."""
    assert student.bug_in_train_step() == 4, "another line is wrong: where are the gradients when the step is made?"
