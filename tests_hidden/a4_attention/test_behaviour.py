"""Behaviour: what stays true whatever the weights are."""

from dataclasses import replace

import pytest
import standins
import torch
from cases import (
    as_taken_over,
    as_weights,
    draw_bahdanau,
    draw_decoder,
    draw_lengths,
    draw_luong,
    find_late_token,
    log_weights,
    make_attndecoder,
    make_decoder,
    make_model,
    read_attention,
    read_scores,
)

from grader.examiner import (
    Caller,
    as_ids,
    assert_parity,
    assert_shape,
    assert_unchanged,
    draw_batch,
    fits,
    load_weights,
    parameter_gradients,
    place_step,
)


@pytest.mark.todo("luong.score", weight=2)
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


@pytest.mark.todo("luong.score", weight=2)
@pytest.mark.behaviour
def test_score_leaves_its_inputs_alone(student, reference, draw):
    """Scoring leaves h_t as it was, so that asking twice gives the same weights."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw)
    theirs = student.LuongAttention(len(h_t))
    load_weights(theirs, ours)
    after = student.define(Caller)().inputs_after(theirs, h_t, encoder_outputs)
    assert_unchanged(h_t, after[0], what="h_t")


@pytest.mark.todo("luong.weights", weight=2)
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


@pytest.mark.todo("luong.weights", weight=1)
@pytest.mark.behaviour
def test_a_single_position_gets_all_the_weight(student, reference, draw):
    """With one source position there is nothing to share."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw, positions=1)
    theirs = student.LuongAttention(len(h_t))
    load_weights(theirs, ours)
    weights = theirs(h_t, encoder_outputs)[1].detach()
    assert_parity(weights.reshape(-1), torch.ones(1), what="weight of the only position")
    scores = student.define(standins.Watcher)().softmax_inputs(theirs, h_t, encoder_outputs)
    assert weights.dim() or not all(row.dim() for row in scores), "the weight of the only position should be a row"


@pytest.mark.todo("luong.context", weight=1)
@pytest.mark.behaviour
def test_context_comes_from_the_arguments(poisoned, reference, draw):
    """The context is made from the arguments, not from variables of the notebook that have the same names."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw)
    theirs = poisoned.LuongAttention(len(h_t))
    load_weights(theirs, ours)
    context, weights = theirs(h_t, encoder_outputs)
    expected = as_weights(weights) @ encoder_outputs
    assert_parity(as_taken_over(context, weights).detach().reshape(-1), expected, what="context vector")


@pytest.mark.todo("decoder.attentional", weight=2)
@pytest.mark.behaviour
def test_ids_are_the_greedy_choices(student, reference, draw):
    """The ids begin with the start token, and each further one is the most likely token of its row of logits."""
    case = draw_decoder(reference, draw, ends=False)
    theirs = make_decoder(student, case, load_weights)
    theirs(*(tensor.flip(-1) for tensor in case.inputs), max_len=case.max_len)  # nothing of it may be remembered
    logits, token_ids = theirs(*case.inputs, max_len=case.max_len)
    token_ids = as_ids(token_ids)
    assert token_ids[0] == case.arguments["start_token_id"], "the ids should begin with the start token"
    choices = logits.detach().reshape(-1, logits.size(-1)).argmax(-1).tolist()
    assert token_ids[1:] == choices, "each id after the start token should be the argmax of its row of logits"


@pytest.mark.todo("decoder.attentional", weight=2)
@pytest.mark.behaviour
def test_decoding_stops_after_the_end_token(student, reference, draw):
    """The end token is kept, and nothing follows it."""
    case = draw_decoder(reference, draw, ends=True)
    # A token of the submission's own decoding: a wrong value is charged elsewhere.
    endless = case.arguments | {"end_token_id": case.arguments["vocab_size"]}
    theirs = make_decoder(student, replace(case, arguments=endless), load_weights)
    free = as_ids(theirs(*case.inputs, max_len=case.max_len)[1])
    end = find_late_token(free)
    assert end is not None, "every prediction is the start token"
    theirs = make_decoder(student, replace(case, arguments=case.arguments | {"end_token_id": end}), load_weights)
    logits, token_ids = theirs(*case.inputs, max_len=case.max_len)
    token_ids = as_ids(token_ids)
    assert end not in token_ids[1:-1], "decoding should stop after the end token"
    until = len(free) if end not in free else free.index(end)
    assert len(token_ids) >= until, "decoding should go on until the end token"
    assert token_ids[-1] == end, "the end token that was predicted should be kept in the ids"
    predicted = token_ids[1:] if token_ids[0] == case.arguments["start_token_id"] else token_ids
    assert logits.size(0) == len(predicted), "the prediction of the end token has its row of logits, too"


@pytest.mark.todo("decoder.attentional", weight=2)
@pytest.mark.behaviour
def test_decoding_twice_gives_the_same(student, reference, draw):
    """A decoder keeps nothing from one call to the next, and stops after ten predictions when not told otherwise."""
    case = draw_decoder(reference, draw, ends=False, max_len=10)
    theirs = make_decoder(student, case, load_weights)
    first, _ = theirs(*case.inputs)
    after = student.define(Caller)().inputs_after(theirs, *case.inputs)
    assert first.size(0) == 10, "without max_len at most ten tokens are predicted"
    for name, before, now in zip(
        ("init_hidden_state", "init_cell_state", "encoder_outputs"), case.inputs, after, strict=True
    ):
        assert_unchanged(before, now, what=name)
    assert_parity(theirs(*case.inputs)[0].detach(), first.detach(), what="logits of a second call")


@pytest.mark.todo("decoder.attentional", weight=0)
@pytest.mark.behaviour
def test_nothing_to_predict_gives_empty_logits(student, reference, draw):
    """When max_len is 0, or the start token is the end token, the logits are [0, V]."""
    case = draw_decoder(reference, draw, ends=False)
    start = case.arguments["start_token_id"]
    for changes, max_len in (({}, 0), ({"end_token_id": start}, 5)):
        theirs = make_decoder(student, replace(case, arguments=case.arguments | changes), load_weights)
        logits, token_ids = theirs(*case.inputs, max_len=max_len)
        assert_shape(logits, (0, case.arguments["vocab_size"]), what="logits of nothing")
        assert as_ids(token_ids) == [start], "where nothing is predicted only the start token is left"


@pytest.mark.todo("attention.seq2seq", weight=1)
@pytest.mark.behaviour
def test_ids_come_back_as_the_decoder_gave_them(student, draw):
    """The model returns the decoder's ids, all of them."""
    model = make_model(student, draw)
    input_ids = draw.ids(9, draw.integer(3, 8), low=1)
    assert as_ids(model.theirs(input_ids)[1]) == model.ours(input_ids)[1], "the ids differ from the decoder's"


@pytest.mark.todo("attention.seq2seq", weight=1)
@pytest.mark.behaviour
def test_the_decoder_sees_every_source_position(student, draw):
    """Every output of the encoder reaches the decoder, whatever the length of the source."""
    model = make_model(student, draw)
    for length in (1, 7, 7):
        input_ids = draw.ids(9, length, low=1)
        actual, expected = model.theirs(input_ids)[0].detach(), model.ours(input_ids)[0].detach()
        assert_parity(actual[2:], expected[2:], what="what the decoder saw of the source")


@pytest.mark.todo("attention.seq2seq", weight=1)
@pytest.mark.behaviour
def test_training_reaches_the_encoder(student, draw):
    """The gradient of the logits reaches the encoder through the states and through its outputs."""
    model = make_model(student, draw)
    input_ids = draw.ids(9, draw.integer(3, 8), low=1)
    logits = model.theirs(input_ids)[0]
    assert logits.requires_grad, "no gradient reaches the logits: was something detached?"
    direction = draw.tensor(*logits.shape)
    (logits * direction).sum().backward()
    (model.ours(input_ids)[0] * direction).sum().backward()
    actual = next(grad for name, grad in parameter_gradients(model.theirs).items() if name.endswith("rates"))
    assert actual is not None, "no gradient reaches the encoder: was something detached?"
    assert_parity(actual, model.ours.encoder.rates.grad, what="gradient of the encoder")


@pytest.mark.todo("bahdanau", weight=1)
@pytest.mark.behaviour
def test_rows_of_a_batch_do_not_meet(student, reference, draw):
    """A row of the batch gives the same alone as in company."""
    ours, query, keys = draw_bahdanau(reference, draw)
    theirs = student.BahdanauAttention(query.size(-1))
    load_weights(theirs, ours)
    together = theirs(query, keys)
    alone = theirs(query[1:2], keys[1:2])
    for both, one, what in zip(together, alone, ("context", "attention weights"), strict=True):
        assert_parity(one.detach(), both[1:2].detach(), what=f"{what} of a row alone")


@pytest.mark.todo("bahdanau", weight=1)
@pytest.mark.behaviour
def test_another_query_looks_elsewhere(student, reference, draw):
    """The weights depend on the query, and share one whole; query and keys are left as they were."""
    ours, query, keys = draw_bahdanau(reference, draw)
    theirs = student.BahdanauAttention(query.size(-1))
    load_weights(theirs, ours)
    one, other = (theirs(asked, keys)[1].detach() for asked in (query, -2 * query))
    assert not torch.allclose(one, other, atol=1e-4), "the query makes no difference to the weights"
    assert torch.allclose(one.sum(-1), torch.ones(3, 1), atol=1e-4), "the weights of a row should sum to 1"
    after = student.define(Caller)().inputs_after(theirs, query, keys)
    assert_unchanged(query, after[0], what="query")
    assert_unchanged(keys, after[1], what="keys")


@pytest.mark.todo("attndecoder.step", weight=1)
@pytest.mark.behaviour
def test_dropout_is_on_the_embedding(student, reference, draw):
    """In training mode dropout falls on the embedding, and on nothing else."""
    # With a probability of 1 dropout is not random: all of the embedding is gone.
    pair = make_attndecoder(student, reference, draw, load_weights, dropout_p=1.0)
    batch = draw_batch(draw, pair.vocab_size, pair.hidden_size)
    inputs = batch.token, batch.hidden, batch.encoder_outputs
    pair.theirs.train()
    output, _, weights = pair.theirs.forward_step(*inputs)
    expected = read_attention(reference, pair, weights, batch).train().forward_step(*inputs)[0]
    assert_parity(output.detach(), expected.detach(), what="output of a step whose embedding is dropped")


@pytest.mark.todo("attndecoder.step", weight=1)
@pytest.mark.behaviour
def test_evaluation_is_not_random(student, reference, draw):
    """In eval mode dropout is off: two runs give the same."""
    pair = make_attndecoder(student, reference, draw, load_weights, dropout_p=0.9)
    batch = draw_batch(draw, pair.vocab_size, pair.hidden_size)
    inputs = batch.token, batch.hidden, batch.encoder_outputs
    first, second = (pair.theirs.forward_step(*inputs)[0].detach() for _ in range(2))
    assert torch.equal(first, second), "two runs in eval mode differ: dropout should follow the module's mode"


@pytest.mark.todo("attndecoder.step", weight=1)
@pytest.mark.behaviour
def test_a_step_stands_alone(student, reference, draw):
    """A row gives the same alone as in a batch, and a step leaves its inputs as they were."""
    pair = make_attndecoder(student, reference, draw, load_weights)
    batch = draw_batch(draw, pair.vocab_size, pair.hidden_size)
    inputs = batch.token, batch.hidden, batch.encoder_outputs
    # Another row in every place: nothing of it may be remembered.
    pair.theirs.forward_step(batch.token.roll(1, 0), batch.hidden.roll(1, 1), batch.encoder_outputs.roll(1, 0))
    together = pair.theirs.forward_step(*inputs)
    alone = pair.theirs.forward_step(batch.token[1:2], batch.hidden[:, 1:2], batch.encoder_outputs[1:2])
    for place, what in enumerate(("output", "state", "weights")):
        row = together[place][:, 1:2] if what == "state" else together[place][1:2]
        assert_parity(alone[place].detach(), row.detach(), what=f"{what} of a row alone")
    after = student.define(Caller)().inputs_after(pair.theirs.forward_step, *inputs)
    for name, given, kept in zip(("input", "hidden", "encoder_outputs"), inputs, after, strict=True):
        assert_unchanged(given, kept, what=name)


@pytest.mark.todo("attndecoder.decode", weight=1)
@pytest.mark.behaviour
def test_a_target_teaches_in_every_mode(student, reference, draw):
    """With a target the log-probabilities are the same in training and in eval mode, and sum to one."""
    pair = make_attndecoder(student, reference, draw, load_weights, dropout_p=0.0)
    place_step(student, pair, standins.CannedStep)
    batch = draw_batch(draw, pair.vocab_size, pair.hidden_size)
    inputs = batch.encoder_outputs, batch.hidden, batch.target
    evaluating = pair.theirs(*inputs)[0].detach()
    training = pair.theirs.train()(*inputs)[0].detach()
    assert_parity(training, evaluating, what="log-probabilities in training mode")
    assert torch.allclose(training.exp().sum(-1), torch.ones(training.shape[:2]), atol=1e-4), (
        "the probabilities of a step should sum to 1: return log-probabilities"
    )
    after = student.define(Caller)().inputs_after(pair.theirs, *inputs)
    for name, given, kept in zip(("encoder_outputs", "encoder_hidden", "target_tensor"), inputs, after, strict=True):
        assert_unchanged(given, kept, what=name)


@pytest.mark.todo("masking", weight=1)
@pytest.mark.behaviour
def test_real_positions_share_one_whole(student, draw):
    """Padding gets no weight at all, and the real positions share all of it."""
    positions = draw.integer(5, 9)
    lengths = draw_lengths(draw, 4, positions)
    weights = student.masked_weights(draw.tensor(4, positions), lengths)
    padding = torch.arange(positions) >= lengths.unsqueeze(1)
    assert (weights[padding].abs() < 1e-7).all(), "padded positions should get no weight"
    assert torch.allclose(weights.sum(-1), torch.ones(4), atol=1e-4), "the weights of a row should sum to 1"


@pytest.mark.todo("masking", weight=1)
@pytest.mark.behaviour
def test_what_stands_in_the_padding_does_not_matter(student, draw):
    """Other scores in the padding change nothing."""
    positions = draw.integer(5, 9)
    scores, lengths = draw.tensor(4, positions), draw_lengths(draw, 4, positions)
    padding = torch.arange(positions) >= lengths.unsqueeze(1)
    other = torch.where(padding, 5 + draw.tensor(4, positions), scores)
    first, second = student.masked_weights(scores, lengths), student.masked_weights(other, lengths)
    assert torch.allclose(first, second, atol=1e-5), "the scores of the padding have an influence"


@pytest.mark.todo("masking", weight=1)
@pytest.mark.behaviour
def test_masking_leaves_the_scores_alone(student, draw):
    """The scores and the lengths are as they were before the call."""
    positions = draw.integer(5, 9)
    scores, lengths = draw.tensor(3, positions), draw_lengths(draw, 3, positions)
    after = student.define(Caller)().inputs_after(student.masked_weights, scores, lengths)
    assert_unchanged(scores, after[0], what="scores")
    assert_unchanged(lengths, after[1], what="lengths")
    weights = student.masked_weights(scores.requires_grad_(), lengths)
    assert weights.requires_grad, "no gradient reaches the scores: was something detached?"
