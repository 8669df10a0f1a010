"""Shapes: what comes back has the dimensions that the handout promises."""

import pytest
from cases import as_ids, draw_decoder, draw_luong, make_decoder, make_model

from grader.examiner import assert_shape, load_weights


@pytest.mark.todo("luong.score", points=2)
@pytest.mark.shape
def test_every_source_position_is_scored(student, reference, draw):
    """There is one score for each source position, however long the source is."""
    hidden_size = draw.integer(5, 9)
    for positions in (hidden_size, hidden_size + 3, 1):
        ours, h_t, encoder_outputs = draw_luong(reference, draw, hidden_size=hidden_size, positions=positions)
        theirs = student.LuongAttention(hidden_size)
        load_weights(theirs, ours)
        _, weights = theirs(h_t, encoder_outputs)
        assert weights.numel() == positions, "the number of scores is not the number of source positions"


@pytest.mark.todo("luong.weights", points=2)
@pytest.mark.shape
def test_weights_are_one_row(student, reference, draw):
    """The weights are [S]: one number for each source position and no further dimension."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw)
    theirs = student.LuongAttention(h_t.numel())
    load_weights(theirs, ours)
    _, weights = theirs(h_t, encoder_outputs)
    assert_shape(weights, (encoder_outputs.size(0),), what="attention weights")


@pytest.mark.todo("luong.context", points=1)
@pytest.mark.shape
def test_context_is_one_vector(student, reference, draw):
    """The context vector is [H], like the decoder's state."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw)
    theirs = student.LuongAttention(h_t.numel())
    load_weights(theirs, ours)
    context, weights = theirs(h_t, encoder_outputs)
    # Weights with a further dimension hand it on to the context: that is counted once, for the weights.
    extra = context.dim() - 1 if weights.dim() > 1 and context.numel() == h_t.numel() else 0
    assert_shape(context, (1,) * extra + (h_t.numel(),), what="context vector")


@pytest.mark.todo("decoder.attentional", points=2)
@pytest.mark.shape
def test_logits_are_one_row_a_prediction(student, reference, draw):
    """The logits are [n, V]: one row for each predicted token."""
    case = draw_decoder(reference, draw, ends=False)
    logits, token_ids = make_decoder(student, case, load_weights)(*case.inputs, max_len=case.max_len)
    assert_shape(logits, (case.max_len, case.arguments["vocab_size"]), what="logits")
    assert len(as_ids(token_ids)) in (case.max_len, case.max_len + 1), "there is not one id for each row of logits"


@pytest.mark.todo("attention.seq2seq", points=1)
@pytest.mark.shape
def test_model_returns_logits_and_ids(student, draw):
    """The model returns the decoder's two results, logits and token ids."""
    model = make_model(student, draw)
    reply = model.theirs(draw.ids(9, 6))
    assert isinstance(reply, (tuple, list)) and len(reply) == 2, "the model should return logits and token ids"
    assert_shape(reply[0], (4, model.hidden_size), what="logits of the model")
