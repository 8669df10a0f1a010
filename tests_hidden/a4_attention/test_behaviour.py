"""Behaviour: what stays true whatever the weights are."""

import pytest
import torch
from cases import (
    as_ids,
    centred,
    draw_decoder,
    draw_luong,
    fits,
    log_weights,
    make_decoder,
    make_model,
    read_scores,
)
from standins import Caller

from grader.examiner import assert_parity, assert_unchanged, load_weights


@pytest.mark.todo("luong.score", points=2)
@pytest.mark.behaviour
def test_each_position_is_scored_by_its_own_output(student, reference, draw):
    """Reordering the source reorders the scores in the same way."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw)
    theirs = student.LuongAttention(len(h_t))
    load_weights(theirs, ours)
    order = torch.arange(len(encoder_outputs)).roll(1)
    scores, moved = (
        read_scores(student, theirs, h_t, rows, log_weights(ours, h_t, rows)).scores
        for rows in (encoder_outputs, encoder_outputs[order])
    )
    assert fits(moved, scores[order]), "a score should depend on its own source position only, not on its neighbours"


@pytest.mark.todo("luong.score", points=2)
@pytest.mark.behaviour
def test_score_leaves_its_inputs_alone(student, reference, draw):
    """Scoring leaves h_t as it was, so that asking twice gives the same weights."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw)
    theirs = student.LuongAttention(len(h_t))
    load_weights(theirs, ours)
    after = student.define(Caller)().inputs_after(theirs, h_t, encoder_outputs)
    assert_unchanged(h_t, after[0], what="h_t")


@pytest.mark.todo("luong.weights", points=2)
@pytest.mark.behaviour
def test_weights_share_one_whole(student, reference, draw):
    """The weights are not negative and sum to one over the source positions."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw)
    theirs = student.LuongAttention(len(h_t))
    load_weights(theirs, ours)
    weights = theirs(h_t, encoder_outputs)[1].detach()
    assert (weights >= 0).all(), "some weights are negative: weights are shares of one whole"
    total = weights.sum().item()
    assert abs(total - 1) < 1e-4, f"the weights sum to {total:.3f}, not to 1: was the softmax taken over the positions?"


@pytest.mark.todo("luong.weights", points=1)
@pytest.mark.behaviour
def test_a_single_position_gets_all_the_weight(student, reference, draw):
    """With one source position there is nothing to share."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw, positions=1)
    theirs = student.LuongAttention(len(h_t))
    load_weights(theirs, ours)
    weights = theirs(h_t, encoder_outputs)[1].detach().reshape(-1)
    assert_parity(weights, torch.ones(1), what="weight of the only position")


@pytest.mark.todo("luong.context", points=1)
@pytest.mark.behaviour
def test_context_comes_from_the_arguments(poisoned, reference, draw):
    """The context is made from the arguments, not from variables of the notebook that have the same names."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw)
    theirs = poisoned.LuongAttention(len(h_t))
    load_weights(theirs, ours)
    context, weights = theirs(h_t, encoder_outputs)
    expected = weights.detach().reshape(-1) @ encoder_outputs
    assert_parity(context.detach().reshape(-1), expected, what="context vector")


@pytest.mark.todo("decoder.attentional", points=2)
@pytest.mark.behaviour
def test_ids_are_the_greedy_choices(student, reference, draw):
    """The ids begin with the start token, and each further one is the most likely token of its row of logits."""
    case = draw_decoder(reference, draw, ends=False)
    logits, token_ids = make_decoder(student, case, load_weights)(*case.inputs, max_len=case.max_len)
    token_ids = as_ids(token_ids)
    assert token_ids[0] == case.arguments["start_token_id"], "the ids should begin with the start token"
    choices = logits.detach().reshape(-1, logits.size(-1)).argmax(-1).tolist()
    assert token_ids[1:] == choices, "each id after the start token should be the argmax of its row of logits"


@pytest.mark.todo("decoder.attentional", points=2)
@pytest.mark.behaviour
def test_decoding_stops_after_the_end_token(student, reference, draw):
    """The end token is kept, and nothing follows it."""
    case = draw_decoder(reference, draw, ends=True)
    logits, token_ids = make_decoder(student, case, load_weights)(*case.inputs, max_len=case.max_len)
    end, token_ids = case.arguments["end_token_id"], as_ids(token_ids)
    assert end in token_ids[1:], "the end token that was predicted should be kept in the ids"
    assert token_ids[1:].index(end) == len(token_ids) - 2, "decoding should stop after the end token"
    assert logits.size(0) == len(token_ids) - 1, "the prediction of the end token has its row of logits, too"


@pytest.mark.todo("decoder.attentional", points=2)
@pytest.mark.behaviour
def test_decoding_twice_gives_the_same(student, reference, draw):
    """A decoder keeps nothing from one call to the next, and stops after ten predictions when not told otherwise."""
    case = draw_decoder(reference, draw, ends=False, max_len=10)
    theirs = make_decoder(student, case, load_weights)
    first, _ = theirs(*case.inputs)
    after = student.define(Caller)().inputs_after(theirs, *case.inputs)
    assert first.size(0) == 10, "without max_len at most ten tokens are predicted"
    assert_unchanged(list(case.inputs), after, what="states and encoder outputs")
    assert_parity(theirs(*case.inputs)[0].detach(), first.detach(), what="logits of a second call")


@pytest.mark.todo("decoder.attentional", points=0)
@pytest.mark.behaviour
def test_nothing_to_predict_gives_empty_logits(student, reference, draw):
    """When max_len is 0, or the start token is the end token, the logits are [0, V]."""
    case = draw_decoder(reference, draw, ends=False)
    theirs = make_decoder(student, case, load_weights)
    logits, token_ids = theirs(*case.inputs, max_len=0)
    assert tuple(logits.shape) == (0, case.arguments["vocab_size"]), "with max_len 0 the logits should be [0, V]"
    assert as_ids(token_ids) == [case.arguments["start_token_id"]], "with max_len 0 only the start token is left"


@pytest.mark.todo("attention.seq2seq", points=1)
@pytest.mark.behaviour
def test_ids_come_back_as_the_decoder_gave_them(student, draw):
    """The model returns the decoder's ids, all of them."""
    model = make_model(student, draw)
    input_ids = draw.ids(9, draw.integer(3, 8))
    assert as_ids(model.theirs(input_ids)[1]) == model.ours(input_ids)[1], "the ids differ from the decoder's"


@pytest.mark.todo("attention.seq2seq", points=1)
@pytest.mark.behaviour
def test_the_decoder_sees_every_source_position(student, draw):
    """Every output of the encoder reaches the decoder, whatever the length of the source."""
    model = make_model(student, draw)
    for length in (1, 7):
        input_ids = draw.ids(9, length)
        actual, expected = model.theirs(input_ids)[0].detach(), model.ours(input_ids)[0].detach()
        assert_parity(actual[2:], expected[2:], what="what the decoder saw of the source")


@pytest.mark.todo("attention.seq2seq", points=1)
@pytest.mark.behaviour
def test_training_reaches_the_encoder(student, draw):
    """The gradient of the logits reaches the encoder through the states and through its outputs."""
    model = make_model(student, draw)
    input_ids = draw.ids(9, draw.integer(3, 8))
    logits = model.theirs(input_ids)[0]
    if logits.requires_grad:
        direction = draw.tensor(*logits.shape)
        (logits * direction).sum().backward()
        (model.ours(input_ids)[0] * direction).sum().backward()
        actual = model.theirs.encoder.rates.grad
        assert actual is not None, "no gradient reaches the encoder: was something detached?"
        assert_parity(actual, model.ours.encoder.rates.grad, what="gradient of the encoder")
