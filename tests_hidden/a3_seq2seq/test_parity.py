"""Parity: the same weights and inputs give the reference's numbers and gradients."""

import copy

import pytest
import standins
import torch
from cases import (
    cell_mistakes,
    draw_batch,
    draw_cell,
    draw_decoder,
    draw_free_batch,
    draw_lesson,
    make_decoder,
    make_encoder,
    make_gru,
    make_model,
    read_step,
    step_mistakes,
)

from grader.examiner import assert_parity, in_float64, load_weights, parameter_gradients, place_step


@pytest.mark.todo("encoder.outputs", weight=1)
@pytest.mark.parity
@pytest.mark.gate
@pytest.mark.parametrize(("layers", "bidirectional"), [(1, False), (2, False), (2, True)])
def test_encoder_matches_the_reference(student, reference, draw, layers, bidirectional):
    """Hidden states and last state equal the reference's, for one and two layers and both directions."""
    case = make_encoder(student, reference, draw, load_weights, "RNNEncoder", layers, bidirectional)
    hidden_states, h_n = case.theirs(case.input_ids)
    expected, last = case.ours(case.input_ids)
    precise = in_float64(case.ours, case.input_ids)
    swapped = {"the hidden states and the last state look swapped": last.detach()}
    one_layer = {"only the top layer's last state came back": last[-1:].detach()}
    assert_parity(hidden_states.detach(), expected.detach(), what="hidden states", precise=precise[0], mistakes=swapped)
    assert_parity(h_n.detach(), last.detach(), what="last hidden state", precise=precise[1], mistakes=one_layer)


@pytest.mark.todo("encoder.outputs", weight=1)
@pytest.mark.parity
def test_encoder_can_be_trained(student, reference, draw):
    """Gradients of both results reach the encoder's weights."""
    case = make_encoder(student, reference, draw, load_weights, "RNNEncoder")
    case.theirs(case.input_ids.flip(0))  # nothing of it may be remembered
    hidden_states, h_n = case.theirs(case.input_ids)
    assert hidden_states.requires_grad == h_n.requires_grad, "one of the results carries no gradient: was it detached?"
    if hidden_states.requires_grad:
        (hidden_states.sum() + h_n.sum()).backward()
        expected, last = case.ours(case.input_ids)
        (expected.sum() + last.sum()).backward()
        actual = list(parameter_gradients(case.theirs).values())
        assert None not in actual, "no gradient reaches a layer: was something detached?"
        sizes = [float(gradient.norm()) for gradient in actual]
        wanted = [float(gradient.norm()) for gradient in parameter_gradients(case.ours).values()]
        assert_parity(sorted(sizes), sorted(wanted), what="sizes of the gradients")


def check_first_step(student, reference, draw, name):
    """The first row of logits, with the mistakes that it shows."""
    case = draw_decoder(reference, draw, name, ends=False, max_len=1)
    logits, _ = make_decoder(student, case, load_weights)(*case.inputs, max_len=1)
    precise = in_float64(case.ours, *case.inputs)[0][:1]
    mistakes = step_mistakes(case)
    assert_parity(logits.detach(), case.logits, what="logits of the first step", precise=precise, mistakes=mistakes)


def check_every_step(student, reference, draw, name):
    """All rows of logits of a decoding that does not end."""
    case = draw_decoder(reference, draw, name, ends=False)
    theirs = make_decoder(student, case, load_weights)
    theirs(*(state.flip(-1) for state in case.inputs), max_len=case.max_len)  # nothing of it may be remembered
    logits, _ = theirs(*case.inputs, max_len=case.max_len)
    assert_parity(logits.detach(), case.logits, what="logits of all steps")


@pytest.mark.todo("decoder.step", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_first_step_matches_the_reference(student, reference, draw):
    """The first row of logits comes from the start token and the initial state."""
    check_first_step(student, reference, draw, "RNNDecoder")


@pytest.mark.todo("decoder.step", weight=3)
@pytest.mark.parity
def test_every_step_matches_the_reference(student, reference, draw):
    """Each step goes on from the previous token and the carried state."""
    check_every_step(student, reference, draw, "RNNDecoder")


@pytest.mark.todo("lstm.decoder", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_first_lstm_step_matches_the_reference(student, reference, draw):
    """The first row of logits comes from the start token and both initial states."""
    check_first_step(student, reference, draw, "LSTMDecoder")


@pytest.mark.todo("lstm.decoder", weight=2)
@pytest.mark.parity
def test_every_lstm_step_matches_the_reference(student, reference, draw):
    """Each step goes on from the previous token and both carried states."""
    check_every_step(student, reference, draw, "LSTMDecoder")


def check_gradients(student, reference, draw, name):
    """The gradient of the last row of logits, with respect to each initial state."""
    case = draw_decoder(reference, draw, name, ends=False)
    theirs = make_decoder(student, case, load_weights)
    has_graph = theirs(*case.inputs, max_len=case.max_len)[0].requires_grad
    # Only the way to the state is asked for: ids that are written into a tensor made beforehand, which no training step
    # of this lab goes through, would be in the way of the embedding's own gradient.
    theirs.requires_grad_(False)
    states, own = ([state.clone().requires_grad_() for state in case.inputs] for _ in range(2))
    logits, _ = theirs(*states, max_len=case.max_len)
    if has_graph:
        assert logits.requires_grad, "no gradient reaches an initial state: was the state detached?"
        logits[-1].sum().backward()
        case.ours(*own, max_len=case.max_len)[0][-1].sum().backward()
        actual = [state.grad for state in states]
        assert None not in actual, "no gradient reaches an initial state: was the state detached?"
        assert_parity(actual, [state.grad for state in own], what="gradient of the last step's logits")


@pytest.mark.todo("decoder.step", weight=1)
@pytest.mark.parity
def test_gradients_reach_the_initial_state(student, reference, draw):
    """Gradients of the logits flow back through all steps to the initial state."""
    check_gradients(student, reference, draw, "RNNDecoder")


@pytest.mark.todo("lstm.decoder", weight=1)
@pytest.mark.parity
def test_gradients_reach_both_initial_states(student, reference, draw):
    """Gradients of the logits flow back through all steps to both initial states."""
    check_gradients(student, reference, draw, "LSTMDecoder")


def check_model(student, draw, name):
    """The logits of a model around canned parts."""
    model = make_model(student, draw, name)
    input_ids = torch.tensor(draw.shuffled(range(1, 10))[: draw.integer(4, 8)])  # no position looks like another
    logits, _ = model.theirs(input_ids)
    expected = model.ours(input_ids)[0].detach()
    mistakes = {
        "the hidden and the cell state look swapped": torch.stack([expected[1] / 2, 2 * expected[0]]),
        "the hidden state was given as cell state, too": torch.stack([expected[0], 2 * expected[0]]),
    }
    assert_parity(logits.detach(), expected, what="logits of the model", mistakes=mistakes)


@pytest.mark.todo("seq2seq", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_model_decodes_from_the_last_state(student, draw):
    """The decoder starts from the encoder's last hidden state."""
    check_model(student, draw, "RNNSeq2Seq")


@pytest.mark.todo("lstm.seq2seq", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_lstm_model_decodes_from_both_last_states(student, draw):
    """The decoder starts from the encoder's last hidden and last cell state."""
    check_model(student, draw, "LSTMSeq2Seq")


@pytest.mark.todo("lstm.cell", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_cell_matches_the_reference(student, reference, draw):
    """Both new states equal those of nn.LSTMCell."""
    # So many numbers that a mistake looks much the same in every draw.
    arguments = draw_cell(draw, low=30, high=40)
    actual = torch.stack(list(student.lstm_cell(*arguments))).detach()
    expected = torch.stack(reference.lstm_cell(*arguments))
    precise = torch.stack(in_float64(reference.lstm_cell, *arguments))
    assert_parity(actual, expected, what="hidden and cell state", precise=precise, mistakes=cell_mistakes(*arguments))


@pytest.mark.todo("lstm.cell", weight=3)
@pytest.mark.parity
def test_cell_gradients_match_the_reference(student, reference, draw):
    """Gradients of both states reach every argument."""
    arguments = draw_cell(draw)
    tracked, own = ([argument.clone().requires_grad_() for argument in arguments] for _ in range(2))
    student.lstm_cell(*(argument.flip(0) for argument in arguments))  # nothing of it may be remembered
    h, c = student.lstm_cell(*tracked)
    assert h.requires_grad and c.requires_grad, "a state carries no gradient: was something detached?"
    (h.sum() + 2 * c.sum()).backward()
    expected_h, expected_c = reference.lstm_cell(*own)
    (expected_h.sum() + 2 * expected_c.sum()).backward()
    actual = [argument.grad for argument in tracked]
    assert all(gradient is not None for gradient in actual), "a gradient is missing: was something detached?"
    assert_parity(actual, [argument.grad for argument in own], what="gradients of the states")


@pytest.mark.todo("lstm.encoder", weight=1)
@pytest.mark.parity
@pytest.mark.gate
@pytest.mark.parametrize(("layers", "bidirectional"), [(1, False), (2, True)])
def test_lstm_encoder_matches_the_reference(student, reference, draw, layers, bidirectional):
    """Hidden states and both last states equal the reference's."""
    case = make_encoder(student, reference, draw, load_weights, "LSTMEncoder", layers, bidirectional)
    hidden_states, (h_n, c_n) = case.theirs(case.input_ids)
    expected, (last_h, last_c) = case.ours(case.input_ids)
    swapped = {"the last hidden and the last cell state look swapped": last_c.detach()}
    assert_parity(hidden_states.detach(), expected.detach(), what="hidden states")
    assert_parity(h_n.detach(), last_h.detach(), what="last hidden state", mistakes=swapped)
    assert_parity(c_n.detach(), last_c.detach(), what="last cell state")


@pytest.mark.todo("gru.step", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_one_step_matches_the_reference(student, reference, draw):
    """Output and state of one step equal those of embedding, relu, GRU and out."""
    pair = make_gru(student, reference, draw, load_weights)
    batch = draw_batch(draw, pair)
    inputs = batch.token, batch.hidden
    output, hidden = pair.theirs.forward_step(*inputs)
    with torch.no_grad():
        expected, new_hidden = pair.ours.forward_step(*inputs)
        plain = pair.ours.out(pair.ours.gru(pair.ours.embedding(batch.token), batch.hidden)[0])
    precise = in_float64(pair.ours, *inputs, method="forward_step")
    mistakes = {
        "the relu after the embedding is missing": plain,
        "the output went through log_softmax: forward does that for all steps": expected.log_softmax(-1),
        "the output went through softmax: raw logits are asked for": expected.softmax(-1),
    }
    old = {"the state before the step came back: the GRU's new one is asked for": batch.hidden}
    assert_parity(output.detach(), expected, what="output of the step", precise=precise[0], mistakes=mistakes)
    assert_parity(hidden.detach(), new_hidden, what="state after the step", precise=precise[1], mistakes=old)


@pytest.mark.todo("gru.step", weight=1)
@pytest.mark.parity
def test_step_gradients_match_the_reference(student, reference, draw):
    """Gradients of the output reach the state before the step."""
    pair = make_gru(student, reference, draw, load_weights)
    batch = draw_batch(draw, pair)
    state, own = (batch.hidden.clone().requires_grad_() for _ in range(2))
    pair.theirs.forward_step(batch.token.flip(0), batch.hidden.flip(1))  # nothing of it may be remembered
    output, hidden = pair.theirs.forward_step(batch.token, state)
    assert output.requires_grad and hidden.requires_grad, "a result carries no gradient: was something detached?"
    output.sum().backward()
    pair.ours.forward_step(batch.token, own)[0].sum().backward()
    assert state.grad is not None, "no gradient reaches the state: was it detached?"
    assert_parity(state.grad, own.grad, what="gradient of the output")
    idle, ours_idle = (list(parameter_gradients(side).values()).count(None) for side in (pair.theirs, pair.ours))
    assert idle <= ours_idle, "no gradient reaches one of the layers: was something detached?"


def check_decoding(pair, inputs):
    """Log-probabilities and last state of a decoding."""
    reply = pair.theirs(*inputs)
    expected = read_step(pair, reply, inputs)
    assert_parity(reply[0].detach(), expected[0].detach(), what="log-probabilities")
    assert_parity(reply[1].detach(), expected[1].detach(), what="last state")


@pytest.mark.todo("gru.decode", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_taught_decoding_matches_the_reference(student, reference, draw):
    """With a target each step reads the target's previous token, the first one SOS."""
    pair = make_gru(student, reference, draw, load_weights)
    place_step(student, pair, standins.CannedStep)
    batch = draw_batch(draw, pair)
    check_decoding(pair, (batch.encoder_outputs, batch.hidden, batch.target))


@pytest.mark.todo("gru.decode", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_free_decoding_matches_the_reference(student, reference, draw):
    """Without a target each of the MAX_LENGTH steps reads the decoder's own last prediction."""
    pair = make_gru(student, reference, draw, load_weights)
    place_step(student, pair, standins.CannedStep)
    batch = draw_free_batch(draw, pair, reference.MAX_LENGTH)
    check_decoding(pair, (batch.encoder_outputs, batch.hidden))


@pytest.mark.todo("gru.decode", weight=2)
@pytest.mark.parity
def test_gradients_flow_back_through_all_steps(student, reference, draw):
    """Gradients of the last step's log-probabilities reach the first state."""
    pair = make_gru(student, reference, draw, load_weights)
    place_step(student, pair, standins.CannedStep)
    batch = draw_batch(draw, pair)
    state, own = (batch.hidden.clone().requires_grad_() for _ in range(2))
    pair.theirs(batch.encoder_outputs, batch.hidden.flip(1), batch.target.flip(0))  # nothing of it may be remembered
    reply = pair.theirs(batch.encoder_outputs, state, batch.target)
    assert reply[0].requires_grad and reply[1].requires_grad, "a result carries no gradient: was something detached?"
    direction = draw.tensor(3, pair.vocab_size)
    (reply[0][:, -1] * direction).sum().backward()
    expected = read_step(pair, reply, (batch.encoder_outputs, own, batch.target))
    (expected[0][:, -1] * direction).sum().backward()
    assert state.grad is not None, "no gradient reaches the first state: was it detached?"
    assert_parity(state.grad, own.grad, what="gradient of the last step's log-probabilities")


@pytest.mark.todo("training", weight=3)
@pytest.mark.parity
def test_the_mean_loss_matches_the_reference(student, reference, draw):
    """The mean of the pairs' losses is that of teacher forcing with the given criterion."""
    lesson = draw_lesson(student, draw)
    actual = float(lesson.train_theirs(student))
    assert_parity(actual, lesson.train_ours(reference), what="mean loss of the epoch")


@pytest.mark.todo("training", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_the_weights_after_an_epoch_match_the_reference(student, reference, draw):
    """Every pair gives one step of every optimizer, with gradients that start fresh."""
    lesson = draw_lesson(student, draw)
    start = [copy.deepcopy(module.state_dict()) for module in lesson.ours]
    lesson.train_theirs(student)
    lesson.train_ours(reference)
    # The change of the weights: the weights themselves are much the same after a lesson that teaches nothing.
    for theirs, ours, before, what in zip(lesson.theirs, lesson.ours, start, ("encoder", "decoder"), strict=True):
        expected = {name: weight.detach() - before[name] for name, weight in ours.state_dict().items()}
        actual = {name: weight - before[name] for name, weight in theirs.state_dict().items()}
        assert_parity(actual, expected, what=f"change of the weights of the {what}")
