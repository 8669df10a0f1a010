"""Shapes: what comes back has the dimensions that the handout promises."""

import pytest
import standins
import torch
from cases import (
    draw_bahdanau,
    draw_decoder,
    draw_lengths,
    draw_luong,
    make_attndecoder,
    make_decoder,
    make_model,
)

from grader.examiner import as_ids, assert_shape, draw_batch, load_weights, place_step


@pytest.mark.todo("luong.score", weight=2)
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
    # The last source is a single position. Where its weights look odd it may be the softmax or what it was given.
    scores = student.define(standins.Watcher)().softmax_inputs(theirs, h_t, encoder_outputs)
    assert weights.dim() or all(row.dim() for row in scores), "the score of a single position should be a row, too"
    are_floats = weights.dtype == h_t.dtype or all(row.dtype == h_t.dtype for row in scores)
    assert are_floats, "the scores should have the type of h_t"


@pytest.mark.todo("luong.weights", weight=2)
@pytest.mark.shape
def test_weights_are_one_row(student, reference, draw):
    """The weights are [S]: one number for each source position and no further dimension."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw)
    theirs = student.LuongAttention(h_t.numel())
    load_weights(theirs, ours)
    _, weights = theirs(h_t, encoder_outputs)
    assert_shape(weights, (encoder_outputs.size(0),), what="attention weights")
    _, others = theirs(h_t, encoder_outputs.flip(0))
    assert weights.std() < 1e-4 or not torch.equal(weights, others), "the weights of another source are the same"


@pytest.mark.todo("luong.context", weight=1)
@pytest.mark.shape
def test_context_is_one_vector(student, reference, draw):
    """The context vector is [H], like the decoder's state."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw)
    theirs = student.LuongAttention(h_t.numel())
    load_weights(theirs, ours)
    for rows in (encoder_outputs, encoder_outputs[:1]):
        context, weights = theirs(h_t, rows)
        # Weights with a further dimension hand it on to the context: that is counted once, for the weights.
        extra = context.dim() - 1 if weights.dim() > 1 and context.numel() == h_t.numel() else 0
        assert_shape(context, (1,) * extra + (h_t.numel(),), what="context vector")


@pytest.mark.todo("decoder.attentional", weight=2)
@pytest.mark.shape
def test_logits_are_one_row_a_prediction(student, reference, draw):
    """The logits are [n, V]: one row for each predicted token."""
    case = draw_decoder(reference, draw, ends=False)
    theirs = make_decoder(student, case, load_weights)
    logits, token_ids = theirs(*case.inputs, max_len=case.max_len)
    assert_shape(logits, (case.max_len, case.arguments["vocab_size"]), what="logits")
    short, _ = theirs(*case.inputs[:2], case.inputs[2][:1], max_len=1)
    assert_shape(short, (1, case.arguments["vocab_size"]), what="logits for a source of one token")
    assert len(as_ids(token_ids)) in (case.max_len, case.max_len + 1), "there is not one id for each row of logits"


@pytest.mark.todo("attention.seq2seq", weight=1)
@pytest.mark.shape
def test_model_returns_logits_and_ids(student, draw):
    """The model returns the decoder's two results, logits and token ids."""
    model = make_model(student, draw)
    reply = model.theirs(draw.ids(9, 6, low=1))
    assert isinstance(reply, (tuple, list)) and len(reply) == 2, "the model should return logits and token ids"
    assert_shape(reply[0], (4, model.hidden_size), what="logits of the model")


@pytest.mark.todo("bahdanau", weight=1)
@pytest.mark.shape
@pytest.mark.parametrize("batch_size", [1, 3])
def test_additive_attention_keeps_the_batch(student, reference, draw, batch_size):
    """The context is [B, 1, H] and the weights are [B, 1, S], for a batch of one and a single key, too."""
    ours, query, keys = draw_bahdanau(reference, draw, batch_size=batch_size)
    theirs = student.BahdanauAttention(query.size(-1))
    load_weights(theirs, ours)
    for asked in (keys, keys[:, :1]):
        context, weights = theirs(query, asked)
        assert_shape(context, tuple(query.shape), what="context")
        assert_shape(weights, (batch_size, 1, asked.size(1)), what="attention weights")


@pytest.mark.todo("attndecoder.step", weight=0.5)
@pytest.mark.shape
@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_step_keeps_the_batch(student, reference, draw, batch_size):
    """A step gives [B, 1, V], [1, B, H] and [B, 1, S], for a batch of one and a source of one, too."""
    pair = make_attndecoder(student, reference, draw, load_weights)
    batch = draw_batch(draw, pair.vocab_size, pair.hidden_size, batch_size=batch_size)
    for source in (batch.encoder_outputs, batch.encoder_outputs[:, :1]):
        output, hidden, weights = pair.theirs.forward_step(batch.token, batch.hidden, source)
        assert_shape(output, (batch_size, 1, pair.vocab_size), what="output of the step")
        assert_shape(hidden, tuple(batch.hidden.shape), what="state after the step")
        assert_shape(weights, (batch_size, 1, source.size(1)), what="weights of the step")


@pytest.mark.todo("attndecoder.decode", weight=1)
@pytest.mark.shape
def test_decoding_gives_every_step(student, reference, draw):
    """Decoding gives [B, T, V], [1, B, H] and [B, T, S], where all three sizes are 1, too."""
    pair = make_attndecoder(student, reference, draw, load_weights)
    place_step(student, pair, standins.CannedStep)
    batch = draw_batch(draw, pair.vocab_size, pair.hidden_size)
    first_row = batch.encoder_outputs[:1, :1], batch.hidden[:, :1], batch.target[:1, :1]
    short = batch.encoder_outputs[:, :1], batch.hidden, batch.target[:, :1]
    for source, state, target in ((batch.encoder_outputs, batch.hidden, batch.target), first_row, short):
        log_probs, hidden, attentions = pair.theirs(source, state, target)
        batch_size, steps = target.shape
        assert_shape(log_probs, (batch_size, steps, pair.vocab_size), what="log-probabilities")
        assert_shape(hidden, tuple(state.shape), what="last state")
        assert_shape(attentions, (batch_size, steps, source.size(1)), what="attention weights of all steps")


@pytest.mark.todo("masking", weight=1)
@pytest.mark.shape
def test_masked_weights_keep_the_shape(student, draw):
    """The weights are shaped like the scores, for a batch of one, too."""
    positions = draw.integer(5, 9)
    for scores, lengths in (
        (draw.tensor(3, positions), draw_lengths(draw, 3, positions)),
        # its only row is padded, or cutting the padding off would go unseen
        (draw.tensor(1, positions), torch.tensor([positions - 2])),
        (draw.tensor(3, 1), torch.tensor([1, 1, 1])),
    ):
        assert_shape(student.masked_weights(scores, lengths), tuple(scores.shape), what="masked weights")
