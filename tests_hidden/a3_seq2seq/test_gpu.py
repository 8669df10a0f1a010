"""GPU: the result is on the device of the inputs, and the numbers are those of the CPU."""

import pytest
import standins
from cases import (
    draw_batch,
    draw_cell,
    draw_decoder,
    draw_lesson,
    make_decoder,
    make_encoder,
    make_gru,
    make_model,
)

from grader.examiner import as_ids, assert_moved, load_weights, place_step


@pytest.mark.todo("encoder.outputs", weight=2)
@pytest.mark.gpu
def test_encoder_on_the_device(student, reference, draw, device):
    """Both results are on the device and equal the CPU's."""
    case = make_encoder(student, reference, draw, load_weights, "RNNEncoder")
    own = case.theirs(case.input_ids)
    assert_moved(case.theirs.to(device)(case.input_ids.to(device)), own, device, what="result on the device")


@pytest.mark.todo("lstm.encoder", weight=2)
@pytest.mark.gpu
def test_lstm_encoder_on_the_device(student, reference, draw, device):
    """All three results are on the device and equal the CPU's."""
    case = make_encoder(student, reference, draw, load_weights, "LSTMEncoder")
    own = case.theirs(case.input_ids)
    assert_moved(case.theirs.to(device)(case.input_ids.to(device)), own, device, what="result on the device")


def check_decoder(student, reference, draw, device, name):
    """Decoding on the device gives the CPU's logits and ids."""
    case = draw_decoder(reference, draw, name, ends=True)
    theirs = make_decoder(student, case, load_weights)
    own_logits, own_ids = theirs(*case.inputs, max_len=case.max_len)
    states = [state.to(device) for state in case.inputs]
    logits, token_ids = theirs.to(device)(*states, max_len=case.max_len)
    assert_moved(logits, own_logits, device, what="logits on the device")
    assert as_ids(token_ids) == as_ids(own_ids), "the ids differ from those on the CPU"


@pytest.mark.todo("decoder.step", weight=2)
@pytest.mark.gpu
def test_decoding_on_the_device(student, reference, draw, device):
    """The tokens are made on the device, and the choices are those of the CPU."""
    check_decoder(student, reference, draw, device, "RNNDecoder")


@pytest.mark.todo("lstm.decoder", weight=2)
@pytest.mark.gpu
def test_lstm_decoding_on_the_device(student, reference, draw, device):
    """The tokens are made on the device, and the choices are those of the CPU."""
    check_decoder(student, reference, draw, device, "LSTMDecoder")


def check_model(student, draw, device, name):
    """A model on the device gives the CPU's logits."""
    model = make_model(student, draw, name)
    input_ids = draw.ids(9, 5, low=1)
    own = model.theirs(input_ids)[0]
    assert_moved(model.theirs.to(device)(input_ids.to(device))[0], own, device, what="logits on the device")


@pytest.mark.todo("seq2seq", weight=1)
@pytest.mark.gpu
def test_model_on_the_device(student, draw, device):
    """The model's parts move with it, and its result is on the device."""
    check_model(student, draw, device, "RNNSeq2Seq")


@pytest.mark.todo("lstm.seq2seq", weight=1)
@pytest.mark.gpu
def test_lstm_model_on_the_device(student, draw, device):
    """The model's parts move with it, and its result is on the device."""
    check_model(student, draw, device, "LSTMSeq2Seq")


@pytest.mark.todo("lstm.cell", weight=2)
@pytest.mark.gpu
def test_cell_on_the_device(student, reference, draw, device):
    """Both states are on the device and equal the CPU's."""
    arguments = draw_cell(draw)
    own = student.lstm_cell(*arguments)
    there = student.lstm_cell(*(argument.to(device) for argument in arguments))
    assert_moved(there, own, device, what="states on the device")


@pytest.mark.todo("gru.step", weight=2)
@pytest.mark.gpu
def test_a_step_on_the_device(student, reference, draw, device):
    """A step runs on the device and gives the CPU's numbers."""
    pair = make_gru(student, reference, draw, load_weights)
    batch = draw_batch(draw, pair)
    inputs = batch.token, batch.hidden
    own = pair.theirs.forward_step(*inputs)
    pair.theirs.to(device)
    there = pair.theirs.forward_step(*(tensor.to(device) for tensor in inputs))
    assert_moved(there, own, device, what="output and state on the device")
    # And back: what was made on the device must not stay there.
    pair.theirs.to("cpu")
    assert_moved(pair.theirs.forward_step(*inputs), own, "cpu", what="output and state back on the CPU")


@pytest.mark.todo("gru.decode", weight=2)
@pytest.mark.gpu
def test_decoding_a_batch_on_the_device(student, reference, draw, device):
    """The first input is made on the device, and the results are there."""
    pair = make_gru(student, reference, draw, load_weights)
    place_step(student, pair, standins.CannedStep)
    batch = draw_batch(draw, pair)
    inputs = batch.encoder_outputs, batch.hidden, batch.target
    own = pair.theirs(*inputs)
    pair.theirs.to(device)
    there = pair.theirs(*(tensor.to(device) for tensor in inputs))
    assert_moved(there[:2], own[:2], device, what="log-probabilities and last state on the device")


@pytest.mark.todo("training", weight=2)
@pytest.mark.gpu
def test_training_on_the_device(student, reference, draw, device):
    """Training runs where the modules and the pairs are."""
    lesson = draw_lesson(student, draw)
    own = float(lesson.train_theirs(student))
    for theirs, ours in zip(lesson.theirs, lesson.ours, strict=True):
        theirs.load_state_dict(ours.state_dict())  # as before the lesson
        theirs.zero_grad()
    assert_moved(float(lesson.train_theirs(student, device)), own, device, what="mean loss on the device")
