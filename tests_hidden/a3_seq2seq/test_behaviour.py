"""Behaviour: what stays true whatever the weights are."""

import pytest
import standins
import torch
from cases import (
    draw_batch,
    draw_cell,
    draw_decoder,
    draw_lesson,
    find_late_token,
    make_decoder,
    make_encoder,
    make_gru,
    make_model,
    with_end,
)

from grader.examiner import Caller, as_ids, assert_parity, assert_shape, assert_unchanged, load_weights, place_step


@pytest.mark.todo("encoder.outputs", weight=1)
@pytest.mark.behaviour
def test_the_last_row_is_the_last_state(student, reference, draw):
    """Read from left to right, the top layer's last hidden state is the last state, for a single token, too."""
    case = make_encoder(student, reference, draw, load_weights, "RNNEncoder", 2)
    for input_ids in (case.input_ids, case.input_ids[:1]):
        hidden_states, h_n = case.theirs(input_ids)
        assert_shape(hidden_states, (len(input_ids), case.hidden_size), what="hidden states")
        assert_parity(hidden_states[-1].detach(), h_n[-1].detach(), what="last hidden state of the top layer")
    after = student.define(Caller)().inputs_after(case.theirs, case.input_ids)[0]
    assert_unchanged(case.input_ids, after, what="input_ids")


def check_greedy(student, reference, draw, name):
    """The ids of a decoding that does not end."""
    case = draw_decoder(reference, draw, name, ends=False)
    theirs = make_decoder(student, case, load_weights)
    theirs(*(state.flip(-1) for state in case.inputs), max_len=case.max_len)  # nothing of it may be remembered
    logits, token_ids = theirs(*case.inputs, max_len=case.max_len)
    token_ids = as_ids(token_ids)
    assert token_ids[0] == case.arguments["start_token_id"], "the ids should begin with the start token"
    choices = logits.detach().reshape(-1, logits.size(-1)).argmax(-1).tolist()
    assert token_ids[1:] == choices, "each id after the start token should be the argmax of its row of logits"


def check_end(student, reference, draw, name):
    """The ids of a decoding that meets the end token."""
    case = draw_decoder(reference, draw, name, ends=True)
    # A token of the submission's own decoding: a wrong value is charged elsewhere.
    endless = with_end(case, case.arguments["vocab_size"])
    free = as_ids(make_decoder(student, endless, load_weights)(*case.inputs, max_len=case.max_len)[1])
    end = find_late_token(free)
    assert end is not None, "every prediction is the start token"
    logits, token_ids = make_decoder(student, with_end(case, end), load_weights)(*case.inputs, max_len=case.max_len)
    token_ids = as_ids(token_ids)
    assert end not in token_ids[1:-1], "decoding should stop after the end token"
    assert token_ids[-1] == end, "the end token that was predicted should be kept in the ids"
    predicted = token_ids[1:] if token_ids[0] == case.arguments["start_token_id"] else token_ids
    assert logits.size(0) == len(predicted), "the prediction of the end token has its row of logits, too"


def check_twice(student, reference, draw, name):
    """Two calls of one decoder, the first without max_len."""
    case = draw_decoder(reference, draw, name, ends=False, max_len=10)
    theirs = make_decoder(student, case, load_weights)
    first, _ = theirs(*case.inputs)
    after = student.define(Caller)().inputs_after(theirs, *case.inputs)
    assert first.size(0) == 10, "without max_len at most ten tokens are predicted"
    for before, now in zip(case.inputs, after, strict=True):
        assert_unchanged(before, now, what="the initial state")
    assert_parity(theirs(*case.inputs)[0].detach(), first.detach(), what="logits of a second call")


def check_nothing(student, reference, draw, name):
    """A decoding that may predict nothing."""
    case = draw_decoder(reference, draw, name, ends=False)
    start = case.arguments["start_token_id"]
    for problem, max_len in ((case, 0), (with_end(case, start), 5)):
        logits, token_ids = make_decoder(student, problem, load_weights)(*case.inputs, max_len=max_len)
        assert_shape(logits, (0, case.arguments["vocab_size"]), what="logits of nothing")
        assert as_ids(token_ids) == [start], "where nothing is predicted only the start token is left"


@pytest.mark.todo("decoder.step", weight=2)
@pytest.mark.behaviour
def test_ids_are_the_greedy_choices(student, reference, draw):
    """The ids begin with the start token, and each further one is the most likely token of its row of logits."""
    check_greedy(student, reference, draw, "RNNDecoder")


@pytest.mark.todo("decoder.step", weight=2)
@pytest.mark.behaviour
def test_decoding_stops_after_the_end_token(student, reference, draw):
    """The end token is kept, and nothing follows it."""
    check_end(student, reference, draw, "RNNDecoder")


@pytest.mark.todo("decoder.step", weight=1)
@pytest.mark.behaviour
def test_decoding_twice_gives_the_same(student, reference, draw):
    """A decoder keeps nothing from one call to the next, and stops after ten predictions when not told otherwise."""
    check_twice(student, reference, draw, "RNNDecoder")


@pytest.mark.todo("decoder.step", weight=0)
@pytest.mark.behaviour
def test_nothing_to_predict_gives_empty_logits(student, reference, draw):
    """When max_len is 0, or the start token is the end token, the logits are [0, V]."""
    check_nothing(student, reference, draw, "RNNDecoder")


@pytest.mark.todo("lstm.decoder", weight=1)
@pytest.mark.behaviour
def test_lstm_ids_are_the_greedy_choices(student, reference, draw):
    """The ids begin with the start token, and each further one is the most likely token of its row of logits."""
    check_greedy(student, reference, draw, "LSTMDecoder")


@pytest.mark.todo("lstm.decoder", weight=2)
@pytest.mark.behaviour
def test_lstm_decoding_stops_after_the_end_token(student, reference, draw):
    """The end token is kept, and nothing follows it."""
    check_end(student, reference, draw, "LSTMDecoder")


@pytest.mark.todo("lstm.decoder", weight=1)
@pytest.mark.behaviour
def test_lstm_decoding_twice_gives_the_same(student, reference, draw):
    """A decoder keeps nothing from one call to the next, and stops after ten predictions when not told otherwise."""
    check_twice(student, reference, draw, "LSTMDecoder")


@pytest.mark.todo("lstm.decoder", weight=0)
@pytest.mark.behaviour
def test_nothing_to_predict_gives_empty_lstm_logits(student, reference, draw):
    """When max_len is 0, or the start token is the end token, the logits are [0, V]."""
    check_nothing(student, reference, draw, "LSTMDecoder")


@pytest.mark.todo("seq2seq", weight=1)
@pytest.mark.behaviour
def test_ids_come_back_as_the_decoder_gave_them(student, draw):
    """The model returns the decoder's ids, all of them."""
    model = make_model(student, draw, "RNNSeq2Seq")
    input_ids = draw.ids(9, 5, low=1)
    assert as_ids(model.theirs(input_ids)[1]) == model.ours(input_ids)[1], "the ids differ from the decoder's"
    after = student.define(Caller)().inputs_after(model.theirs, input_ids)[0]
    assert_unchanged(input_ids, after, what="input_ids")


@pytest.mark.todo("lstm.seq2seq", weight=1)
@pytest.mark.behaviour
def test_lstm_ids_come_back_as_the_decoder_gave_them(student, draw):
    """The model returns the decoder's ids, all of them."""
    model = make_model(student, draw, "LSTMSeq2Seq")
    input_ids = draw.ids(9, 5, low=1)
    assert as_ids(model.theirs(input_ids)[1]) == model.ours(input_ids)[1], "the ids differ from the decoder's"
    after = student.define(Caller)().inputs_after(model.theirs, input_ids)[0]
    assert_unchanged(input_ids, after, what="input_ids")


@pytest.mark.todo("lstm.cell", weight=2)
@pytest.mark.behaviour
def test_closed_and_open_gates(student, draw):
    """With the input gate closed and the forget gate open the cell state is kept as it was."""
    x, h, c, W_ih, W_hh, b_ih, b_hh = draw_cell(draw)
    size = len(h)
    b_ih[:size], b_ih[size : 2 * size] = -200.0, 200.0
    _, kept = student.lstm_cell(x, h, c, W_ih, W_hh, b_ih, b_hh)
    assert_parity(kept.detach(), c, what="cell state behind a closed input gate and an open forget gate")


@pytest.mark.todo("lstm.cell", weight=1)
@pytest.mark.behaviour
def test_cell_leaves_its_arguments_alone(student, draw):
    """States and weights are as they were before the call."""
    arguments = draw_cell(draw)
    after = student.define(Caller)().inputs_after(student.lstm_cell, *arguments)
    for name, before, now in zip(("x", "h", "c", "W_ih", "W_hh", "b_ih", "b_hh"), arguments, after, strict=True):
        assert_unchanged(before, now, what=name)


@pytest.mark.todo("lstm.encoder", weight=1)
@pytest.mark.behaviour
def test_lstm_states_have_their_places(student, reference, draw):
    """The top layer's last hidden state comes first in the pair of last states."""
    case = make_encoder(student, reference, draw, load_weights, "LSTMEncoder")
    others, other_states = case.theirs((case.input_ids + 1) % case.ours.word_embeddings.num_embeddings)
    hidden_states, states = case.theirs(case.input_ids)
    assert_parity(hidden_states[-1].detach(), states[0][-1].detach(), what="first of the last states")
    is_new = not torch.equal(others, hidden_states) and not torch.equal(other_states[1], states[1])
    assert is_new, "the states of another source are the same"
    tracked = {part.requires_grad for part in (hidden_states, *states)}
    assert len(tracked) == 1, "one of the results carries no gradient: was it detached?"
    assert_shape(case.theirs(case.input_ids[:1])[0], (1, case.hidden_size), what="hidden states of a single token")
    after = student.define(Caller)().inputs_after(case.theirs, case.input_ids)[0]
    assert_unchanged(case.input_ids, after, what="input_ids")


@pytest.mark.todo("gru.step", weight=1)
@pytest.mark.behaviour
def test_a_step_stands_alone(student, reference, draw):
    """A row gives the same alone as in a batch, and a step leaves its state as it was."""
    pair = make_gru(student, reference, draw, load_weights)
    batch = draw_batch(draw, pair)
    # Another row in every place: nothing of it may be remembered.
    pair.theirs.forward_step(batch.token.roll(1, 0), batch.hidden.roll(1, 1))
    together, state = pair.theirs.forward_step(batch.token, batch.hidden)
    alone, state_alone = pair.theirs.forward_step(batch.token[1:2], batch.hidden[:, 1:2])
    assert_parity(alone.detach(), together[1:2].detach(), what="output of a row alone")
    assert_parity(state_alone.detach(), state[:, 1:2].detach(), what="state of a row alone")
    after = student.define(Caller)().inputs_after(pair.theirs.forward_step, batch.token, batch.hidden)
    assert_unchanged(batch.token, after[0], what="input")
    assert_unchanged(batch.hidden, after[1], what="hidden")


@pytest.mark.todo("gru.decode", weight=1)
@pytest.mark.behaviour
def test_a_target_teaches_in_every_mode(student, reference, draw):
    """With a target the log-probabilities are the same in training and in eval mode, and sum to one."""
    pair = make_gru(student, reference, draw, load_weights)
    place_step(student, pair, standins.CannedStep)
    batch = draw_batch(draw, pair)
    inputs = batch.encoder_outputs, batch.hidden, batch.target
    training = pair.theirs.train()(*inputs)[0].detach()
    evaluating = pair.theirs.eval()(*inputs)[0].detach()
    assert_parity(evaluating, training, what="log-probabilities in eval mode")
    assert torch.allclose(training.exp().sum(-1), torch.ones(training.shape[:2]), atol=1e-4), (
        "the probabilities of a step should sum to 1: return log-probabilities"
    )
    after = student.define(Caller)().inputs_after(pair.theirs, *inputs)
    for name, given, kept in zip(("encoder_outputs", "encoder_hidden", "target_tensor"), inputs, after, strict=True):
        assert_unchanged(given, kept, what=name)


@pytest.mark.todo("training", weight=2)
@pytest.mark.behaviour
def test_the_loss_falls(student, draw):
    """After a few epochs the loss is clearly smaller."""
    lesson = draw_lesson(student, draw, rate=0.25)
    losses = [float(lesson.train_theirs(student)) for _ in range(6)]
    # The smallest, not the last: with steps that are too large it falls and may rise again.
    assert min(losses) < 0.9 * losses[0], "the loss does not fall from epoch to epoch"
