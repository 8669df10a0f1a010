"""Shapes: what comes back has the dimensions that the handout promises."""

import pytest
import standins
import torch
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

from grader.examiner import as_ids, assert_shape, load_weights, place_step


@pytest.mark.todo("encoder.outputs", weight=0.5)
@pytest.mark.shape
@pytest.mark.parametrize(("layers", "bidirectional"), [(1, True), (2, False)])
def test_encoder_gives_every_state(student, reference, draw, layers, bidirectional):
    """The hidden states are one row a position, the last state is one row a layer and direction."""
    case = make_encoder(student, reference, draw, load_weights, "RNNEncoder", layers, bidirectional)
    hidden_states, h_n = case.theirs(case.input_ids)
    directions = 2 if bidirectional else 1
    assert_shape(hidden_states, (len(case.input_ids), directions * case.hidden_size), what="hidden states")
    assert_shape(h_n, (layers * directions, case.hidden_size), what="last hidden state")


@pytest.mark.todo("decoder.step", weight=2)
@pytest.mark.shape
def test_logits_are_one_row_a_prediction(student, reference, draw):
    """The logits are [n, V]: one row for each predicted token."""
    case = draw_decoder(reference, draw, "RNNDecoder", ends=False)
    logits, token_ids = make_decoder(student, case, load_weights)(*case.inputs, max_len=case.max_len)
    assert_shape(logits, (case.max_len, case.arguments["vocab_size"]), what="logits")
    assert len(as_ids(token_ids)) in (case.max_len, case.max_len + 1), "there is not one id for each row of logits"


def check_model(student, draw, name):
    """The form of a model's results, that they carry gradients, and that another source gives others."""
    model = make_model(student, draw, name)
    input_ids = torch.tensor(draw.shuffled(range(1, 10))[:6])
    reply = model.theirs(input_ids)
    assert isinstance(reply, (tuple, list)) and len(reply) == 2, "the model should return logits and token ids"
    assert_shape(reply[0], (2, model.hidden_size), what="logits of the model")
    assert reply[0].requires_grad, "the logits carry no gradient: was something detached?"
    other = model.theirs(input_ids.flip(0))[0]
    assert not any(map(torch.equal, reply[0], other)), "the logits of another source are the same"
    assert_shape(model.theirs(input_ids[:1])[0], (2, model.hidden_size), what="logits for a source of one token")


@pytest.mark.todo("seq2seq", weight=1)
@pytest.mark.shape
def test_model_returns_logits_and_ids(student, draw):
    """The model returns the decoder's two results, logits and token ids."""
    check_model(student, draw, "RNNSeq2Seq")


@pytest.mark.todo("lstm.cell", weight=2)
@pytest.mark.shape
def test_cell_gives_two_states(student, draw):
    """The cell gives a new hidden and a new cell state, [H] each."""
    arguments = draw_cell(draw)
    reply = student.lstm_cell(*arguments)
    assert isinstance(reply, (tuple, list)) and len(reply) == 2, "the cell should return the hidden and the cell state"
    for state, what in zip(reply, ("hidden state", "cell state"), strict=True):
        assert_shape(state, tuple(arguments[1].shape), what=f"new {what}")
    x, h, c, W_ih, W_hh, b_ih, b_hh = arguments
    small = student.lstm_cell(x[:1], h[:1], c[:1], W_ih[:4, :1], W_hh[:4, :1], b_ih[:4], b_hh[:4])
    assert_shape(small[0], (1,), what="new hidden state of one number")
    assert_shape(small[1], (1,), what="new cell state of one number")


@pytest.mark.todo("lstm.encoder", weight=1)
@pytest.mark.shape
def test_lstm_encoder_gives_both_states(student, reference, draw):
    """The LSTM encoder gives the hidden states and a pair of last states."""
    case = make_encoder(student, reference, draw, load_weights, "LSTMEncoder", 2)
    reply = case.theirs(case.input_ids)
    assert isinstance(reply, (tuple, list)) and len(reply) == 2, "return hidden_states and the pair (h_n, c_n)"
    assert isinstance(reply[1], (tuple, list)) and len(reply[1]) == 2, "the last states should be a pair (h_n, c_n)"
    assert_shape(reply[0], (len(case.input_ids), case.hidden_size), what="hidden states")
    for state, what in zip(reply[1], ("hidden state", "cell state"), strict=True):
        assert_shape(state, (2, case.hidden_size), what=f"last {what}")


@pytest.mark.todo("lstm.decoder", weight=1)
@pytest.mark.shape
def test_lstm_logits_are_one_row_a_prediction(student, reference, draw):
    """The logits are [n, V]: one row for each predicted token."""
    case = draw_decoder(reference, draw, "LSTMDecoder", ends=False)
    logits, _ = make_decoder(student, case, load_weights)(*case.inputs, max_len=case.max_len)
    assert_shape(logits, (case.max_len, case.arguments["vocab_size"]), what="logits")


@pytest.mark.todo("lstm.seq2seq", weight=1)
@pytest.mark.shape
def test_lstm_model_returns_logits_and_ids(student, draw):
    """The model returns the decoder's two results, logits and token ids."""
    check_model(student, draw, "LSTMSeq2Seq")


@pytest.mark.todo("gru.step", weight=0.5)
@pytest.mark.shape
@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_step_keeps_the_batch(student, reference, draw, batch_size):
    """A step gives [B, 1, V] and [1, B, H], for a batch of one, too."""
    pair = make_gru(student, reference, draw, load_weights)
    batch = draw_batch(draw, pair, batch_size)
    output, hidden = pair.theirs.forward_step(batch.token, batch.hidden)
    assert_shape(output, (batch_size, 1, pair.vocab_size), what="output of the step")
    assert_shape(hidden, tuple(batch.hidden.shape), what="state after the step")


@pytest.mark.todo("gru.decode", weight=1)
@pytest.mark.shape
def test_decoding_gives_every_step(student, reference, draw):
    """Decoding gives [B, T, V], [1, B, H] and None, for a batch of one and a single step, too."""
    pair = make_gru(student, reference, draw, load_weights)
    place_step(student, pair, standins.CannedStep)
    batch = draw_batch(draw, pair)
    first_row = batch.encoder_outputs[:1, :1], batch.hidden[:, :1], batch.target[:1, :1]
    short = batch.encoder_outputs[:, :1], batch.hidden, batch.target[:, :1]
    for source, state, target in ((batch.encoder_outputs, batch.hidden, batch.target), first_row, short):
        reply = pair.theirs(source, state, target)
        is_triple = isinstance(reply, (tuple, list)) and len(reply) == 3
        assert is_triple, "return log-probabilities, the last state and None"
        assert_shape(reply[0], (*target.shape, pair.vocab_size), what="log-probabilities")
        assert_shape(reply[1], tuple(state.shape), what="last state")
        assert reply[2] is None, "the third result keeps the place of attention weights and is None here"


@pytest.mark.todo("training", weight=1)
@pytest.mark.shape
def test_an_epoch_returns_a_number(student, draw):
    """An epoch returns its mean loss as a plain number."""
    loss = draw_lesson(student, draw).train_theirs(student)
    assert isinstance(loss, float), "return a plain float: a tensor would keep the graph of the epoch alive"
