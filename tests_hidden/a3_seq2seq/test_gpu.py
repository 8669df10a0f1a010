"""GPU: the result is on the device of the inputs, and the numbers are those of the CPU."""

import pytest
import torch
from cases import (
    as_ids,
    draw_batch,
    draw_cell,
    draw_decoder,
    draw_lesson,
    make_decoder,
    make_encoder,
    make_gru,
    make_model,
    place_step,
    read_step,
)

from grader.examiner import assert_parity, load_weights


def assert_same(actual, expected, there, what):
    """A result is on the device and holds the CPU's numbers."""
    assert actual.device == there.device, f"the {what} should be on the device of the inputs"
    assert_parity(actual.detach().cpu(), expected.detach(), what=f"{what} on the device")


@pytest.mark.todo("encoder.outputs", points=2)
@pytest.mark.gpu
def test_encoder_on_the_device(student, reference, draw, device):
    """Both results are on the device and equal the CPU's."""
    case = make_encoder(student, reference, draw, load_weights, "RNNEncoder")
    there = case.input_ids.to(device)
    hidden_states, h_n = case.theirs.to(device)(there)
    expected, last = case.ours(case.input_ids)
    assert_same(hidden_states, expected, there, "hidden states")
    assert_same(h_n, last, there, "last hidden state")


@pytest.mark.todo("lstm.encoder", points=2)
@pytest.mark.gpu
def test_lstm_encoder_on_the_device(student, reference, draw, device):
    """All three results are on the device and equal the CPU's."""
    case = make_encoder(student, reference, draw, load_weights, "LSTMEncoder")
    there = case.input_ids.to(device)
    hidden_states, (h_n, c_n) = case.theirs.to(device)(there)
    expected, (last_h, last_c) = case.ours(case.input_ids)
    assert_same(hidden_states, expected, there, "hidden states")
    assert_same(h_n, last_h, there, "last hidden state")
    assert_same(c_n, last_c, there, "last cell state")


def check_decoder(student, reference, draw, device, name):
    """Decoding on the device gives the CPU's logits and ids."""
    case = draw_decoder(reference, draw, name, ends=True)
    states = [state.to(device) for state in case.inputs]
    logits, token_ids = make_decoder(student, case, load_weights).to(device)(*states, max_len=case.max_len)
    assert_same(logits, case.logits, states[0], "logits")
    assert as_ids(token_ids)[-len(case.logits) :] == case.token_ids[1:], "the ids differ from those on the CPU"


@pytest.mark.todo("decoder.step", points=2)
@pytest.mark.gpu
def test_decoding_on_the_device(student, reference, draw, device):
    """The tokens are made on the device, and the choices are those of the CPU."""
    check_decoder(student, reference, draw, device, "RNNDecoder")


@pytest.mark.todo("lstm.decoder", points=2)
@pytest.mark.gpu
def test_lstm_decoding_on_the_device(student, reference, draw, device):
    """The tokens are made on the device, and the choices are those of the CPU."""
    check_decoder(student, reference, draw, device, "LSTMDecoder")


def check_model(student, draw, device, name):
    """A model on the device gives the CPU's logits."""
    model = make_model(student, draw, name)
    input_ids = draw.ids(9, 5, low=1)
    there = input_ids.to(device)
    assert_same(model.theirs.to(device)(there)[0], model.ours(input_ids)[0], there, "logits")


@pytest.mark.todo("seq2seq", points=1)
@pytest.mark.gpu
def test_model_on_the_device(student, draw, device):
    """The model's parts move with it, and its result is on the device."""
    check_model(student, draw, device, "RNNSeq2Seq")


@pytest.mark.todo("lstm.seq2seq", points=1)
@pytest.mark.gpu
def test_lstm_model_on_the_device(student, draw, device):
    """The model's parts move with it, and its result is on the device."""
    check_model(student, draw, device, "LSTMSeq2Seq")


@pytest.mark.todo("lstm.cell", points=2)
@pytest.mark.gpu
def test_cell_on_the_device(student, reference, draw, device):
    """Both states are on the device and equal the CPU's."""
    arguments = draw_cell(draw)
    there = [argument.to(device) for argument in arguments]
    for actual, expected in zip(student.lstm_cell(*there), reference.lstm_cell(*arguments), strict=True):
        assert_same(actual, expected, there[0], "new state")


@pytest.mark.todo("gru.step", points=2)
@pytest.mark.gpu
def test_a_step_on_the_device(student, reference, draw, device):
    """A step runs on the device and gives the CPU's numbers."""
    pair = make_gru(student, reference, draw, load_weights)
    batch = draw_batch(draw, pair)
    pair.theirs.to(device)
    there = batch.hidden.to(device)
    output, hidden = pair.theirs.forward_step(batch.token.to(device), there)
    expected, new_hidden = pair.ours.forward_step(batch.token, batch.hidden)
    assert_same(output, expected, there, "output")
    assert_same(hidden, new_hidden, there, "state")
    # And back: what was made on the device must not stay there.
    pair.theirs.to("cpu")
    output, _ = pair.theirs.forward_step(batch.token, batch.hidden)
    assert_same(output, expected, batch.hidden, "output back on the CPU")


@pytest.mark.todo("gru.decode", points=2)
@pytest.mark.gpu
def test_decoding_a_batch_on_the_device(student, reference, draw, device):
    """The first input is made on the device, and the results are there."""
    pair = make_gru(student, reference, draw, load_weights)
    place_step(student, pair)
    batch = draw_batch(draw, pair)
    inputs = batch.encoder_outputs, batch.hidden, batch.target
    pair.theirs.to(device)
    there = [tensor.to(device) for tensor in inputs]
    reply = pair.theirs(*there)
    expected = read_step(pair, reply, inputs)
    assert_same(reply[0], expected[0], there[0], "log-probabilities")
    assert_same(reply[1], expected[1], there[0], "last state")


@pytest.mark.todo("training", points=2)
@pytest.mark.gpu
def test_training_on_the_device(student, reference, draw, device):
    """Training runs where the modules and the pairs are."""
    lesson = draw_lesson(student, draw)
    actual = float(lesson.train_theirs(student, device))
    expected = lesson.train_ours(reference)
    assert_parity(torch.tensor(actual), torch.tensor(expected), what="mean loss on the device")
