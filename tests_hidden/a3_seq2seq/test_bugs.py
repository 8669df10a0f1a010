"""Find the bug: the corrected functions, and the number of the wrong line."""

import pytest
import torch
from torch import nn

from grader.examiner import Caller, assert_moved, assert_parity, assert_shape, assert_unchanged, fill_weights

SIZE = 6  # 0 starts, 1 ends, 2 is padding
TARGETS = ([3, 4, 5, 1, 2, 2], [5, 1, 2, 2, 2], [4, 4, 3, 5, 3, 1], [3, 5, 4], [1, 2, 2], [4])


def make_step(table, bend):
    """A step whose log-probabilities depend on the token, and on a state that turns as it goes."""

    def step(token, state):
        row = table[int(token)]
        logits = row + bend * state
        return logits.log_softmax(-1), torch.tanh(state.roll(1) + 0.5 * row)

    return step


def draw_case(draw):
    """A table [V,V] by which the end token is often the likeliest, a first state [V], and targets."""
    table = draw.tensor(SIZE, SIZE)
    table[:, 1] += 1.5
    return table, draw.tensor(SIZE), [torch.tensor(target) for target in TARGETS]


def measure(table, state, target, *, spared: bool = False, padded: bool = False) -> torch.Tensor:
    """The right loss; or that of a loop that ends where the model does, or not even at the end token."""
    step, token, losses = make_step(table, 0.7), 0, []
    for right in target.tolist():
        log_probs, state = step(token, state)
        losses.append(-log_probs[right])
        if (int(log_probs.argmax()) if spared else right) == 1 and not padded:
            break
        token = right
    return torch.stack(losses).mean()


@pytest.mark.todo("bug.end", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_losses_end_where_the_targets_do(poisoned, draw):
    """Losses count every token up to the target's first end token, whatever the model would have said."""
    found, right, spared, padded = [], [], [], []
    for _ in range(2):
        table, state, targets = draw_case(draw)
        step = poisoned.define(make_step)(table, 0.7)
        for target in targets:
            found.append(poisoned.sentence_loss(step, state.clone().requires_grad_(), target))
            right.append(measure(table, state, target))
            spared.append(measure(table, state, target, spared=True))
            padded.append(measure(table, state, target, padded=True))
    for loss in found:
        assert_shape(loss, (), what="the loss")
        assert loss.requires_grad, "the loss carries no gradient"
    mistakes = {
        "the sum ended where the model said the end token": torch.stack(spared),
        "what comes after the target's end token counted, too": torch.stack(padded),
    }
    assert_parity(torch.stack(found).detach(), torch.stack(right), what="the losses", mistakes=mistakes)


@pytest.mark.todo("bug.end", weight=1)
@pytest.mark.parity
def test_loss_can_be_learnt_from(student, draw):
    """The gradient of the loss reaches the first state through every step."""
    table, state, targets = draw_case(draw)
    ours, theirs = state.clone().requires_grad_(), state.clone().requires_grad_()
    measure(table, ours, targets[0]).backward()
    loss = student.sentence_loss(student.define(make_step)(table, 0.7), theirs, targets[0])
    assert loss.requires_grad, "the loss carries no gradient"
    loss.backward()
    assert theirs.grad is not None, "no gradient reaches the first state"
    assert_parity(theirs.grad, ours.grad, what="the gradient of the first state")
    step = student.define(make_step)(table, 0.7)
    after = student.define(Caller)().inputs_after(student.sentence_loss, step, state, targets[0])
    assert_unchanged(targets[0], after[2], what="target")


@pytest.mark.todo("bug.end", weight=1)
@pytest.mark.behaviour
def test_wrong_line_of_the_loss_is_named(student):
    """The number is that of the one line that has to change."""
    assert student.bug_in_sentence_loss() == 6, "another line is wrong: who decides where the sentence ends?"


@pytest.mark.todo("bug.end", weight=1)
@pytest.mark.gpu
def test_loss_on_the_device(student, draw, device):
    """A decoder on the device gives the right loss there."""
    table, state, targets = draw_case(draw)
    step = student.define(make_step)(table.to(device), 0.7)
    found = student.sentence_loss(step, state.to(device), targets[0].to(device))
    assert_moved(found, measure(table, state, targets[0]), device, what="the loss on the device")


@pytest.mark.todo("bug.top", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_states_are_those_of_the_top_layer(poisoned, draw):
    """Of one, two and three layers the result is what the top layer's outputs end in, forward and backward."""
    size = draw.integer(5, 8)
    for layers in (3, 2, 1):
        rnn = fill_weights(nn.RNN(4, size, layers, bidirectional=True), draw)
        with torch.no_grad():
            outputs, h_n = rnn(draw.tensor(6, 4))
        right = torch.cat([outputs[-1, :size], outputs[0, size:]])
        mistakes = {
            "the forward state is that of the lowest layer": torch.cat([h_n[0], h_n[-1]]),
            "the backward state should come second": torch.cat([h_n[-1], h_n[-2]]),
        }
        what = f"the states of a network of {layers} layers"
        assert_parity(poisoned.top_states(h_n), right, what=what, mistakes=mistakes)


@pytest.mark.todo("bug.top", weight=1)
@pytest.mark.behaviour
def test_states_of_every_size(student, draw):
    """States of one number, and networks of more layers than that, give the right states; h_n stays as it is."""
    for layers, size in ((1, 4), (1, 1), (3, 1), (3, 2)):
        h_n = draw.tensor(2 * layers, size)
        assert_parity(student.top_states(h_n), torch.cat([h_n[-2], h_n[-1]]), what="the states")
    after = student.define(Caller)().inputs_after(student.top_states, h_n)
    assert_unchanged(h_n, after[0], what="h_n")


@pytest.mark.todo("bug.top", weight=1)
@pytest.mark.behaviour
def test_wrong_line_of_the_states_is_named(student):
    """The number is that of the one line that has to change."""
    assert student.bug_in_top_states() == 2, "another line is wrong: number the rows of two layers"


@pytest.mark.todo("bug.top", weight=1)
@pytest.mark.gpu
def test_states_on_the_device(student, draw, device):
    """States on the device are joined there."""
    h_n = draw.tensor(4, 5)
    found = student.top_states(h_n.to(device))
    assert_moved(found, torch.cat([h_n[2], h_n[3]]), device, what="the states on the device")
