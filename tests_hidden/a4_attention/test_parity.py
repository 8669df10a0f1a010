"""Parity: the same weights and inputs give the reference's numbers and gradients."""

import functools

import pytest
import standins
import torch
from cases import (
    align_gradients,
    as_taken_over,
    as_weights,
    batched_step_mistakes,
    centred,
    choose_reading,
    draw_bahdanau,
    draw_decoder,
    draw_free_batch,
    draw_lengths,
    draw_luong,
    is_additive,
    is_constant,
    is_softmax_of_odd_score,
    log_weights,
    make_attndecoder,
    make_decoder,
    make_model,
    read_attention,
    read_scores,
    read_step,
    score_mistakes,
    step_mistakes,
    with_mixed_rows,
)

from grader.examiner import assert_parity, draw_batch, in_float64, load_weights, parameter_gradients, place_step


@pytest.mark.todo("luong.score", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_scores_match_the_reference(student, reference, draw):
    """Scores equal encoder_outputs times W_a h_t, as the weights show."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw)
    theirs = student.LuongAttention(len(h_t))
    load_weights(theirs, ours)
    expected = log_weights(ours, h_t, encoder_outputs)
    actual = read_scores(student, theirs, h_t, encoder_outputs, expected).scores
    assert_parity(
        actual,
        expected,
        what="attention scores",
        precise=lambda: centred(in_float64(ours, h_t, encoder_outputs)[1].log()),
        mistakes=lambda: score_mistakes(ours, h_t, encoder_outputs),
    )


def score_gradients(module, h_t, encoder_outputs, direction) -> list:
    """Gradients of the log-weights along a direction, with respect to both inputs and W_a."""
    h_t, encoder_outputs = h_t.clone().requires_grad_(), encoder_outputs.clone().requires_grad_()
    weights = module(h_t, encoder_outputs)[1].reshape(-1)
    if not weights.requires_grad:
        return []
    (weights.float().log() * direction).sum().backward()
    return [h_t.grad, encoder_outputs.grad, *parameter_gradients(module).values()]


@pytest.mark.todo("luong.score", weight=2)
@pytest.mark.parity
def test_gradients_reach_what_the_score_is_made_of(student, reference, draw):
    """Gradients flow from the scores to h_t, the encoder outputs and W_a."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw)
    theirs = student.LuongAttention(len(h_t))
    load_weights(theirs, ours)
    reading = read_scores(student, theirs, h_t, encoder_outputs, log_weights(ours, h_t, encoder_outputs))
    # Centred, so that whatever the weights are divided by falls out.
    direction = centred(draw.tensor(len(encoder_outputs)))
    actual = score_gradients(theirs, h_t, encoder_outputs, direction)
    # Nothing to compare where nothing is tracked, or where the weights hide the scores: that is their own TODO.
    if actual and reading.from_weights:
        expected = score_gradients(ours, h_t, encoder_outputs, direction)
        assert None not in actual, "no gradient reaches h_t, the encoder outputs or W_a: was something detached?"
        assert_parity(actual, expected, what="gradients through the scores")


@pytest.mark.todo("luong.weights", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_weights_are_a_softmax_of_the_scores(student, reference, draw):
    """The ratio of two weights grows exponentially with the difference of their scores."""
    ours, h_t, rows = draw_luong(reference, draw, positions=6)
    theirs = student.LuongAttention(len(h_t))
    load_weights(theirs, ours)
    encoder_outputs = with_mixed_rows(rows)
    weights = theirs(h_t, encoder_outputs)[1].detach().reshape(-1)
    assert weights.numel() == 8 and (weights > 0).all(), "weights should be positive, one for each source position"
    # Any score that is linear, right or wrong, will do: the score is judged by its own TODO.
    is_linear = is_additive(weights.log()) and weights.max() - weights.min() > 1e-4
    is_softmax = is_linear or is_softmax_of_odd_score(theirs, ours, h_t, encoder_outputs)
    assert is_softmax, "the weights are not a softmax of the scores over the source positions"


@pytest.mark.todo("luong.context", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_context_is_the_weighted_sum(student, reference, draw):
    """The context vector is the sum of the encoder outputs, weighted by the returned weights."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw)
    theirs = student.LuongAttention(len(h_t))
    load_weights(theirs, ours)
    context, weights = theirs(h_t, encoder_outputs)
    # The type of the weights, which the context may have taken over, is theirs to answer for.
    context, weights = as_taken_over(context, weights), as_weights(weights)
    if is_constant(theirs, h_t, encoder_outputs):
        # A mean is the right context for weights that are all the same: others show whether they are used at all.
        weights = draw.tensor(len(encoder_outputs)).softmax(0)
        context = student.define(standins.Watcher)().context_of(weights, theirs, h_t, encoder_outputs)
        assert context is not None, "the weights are the same for every h_t: nothing shows that the context uses them"
    mistakes = {
        "the context looks like the plain mean of the encoder outputs": encoder_outputs.mean(0),
        "the context looks like the plain sum of the encoder outputs": encoder_outputs.sum(0),
        "only the position with the largest weight was taken": encoder_outputs[weights.argmax()],
        "the weighted sum was divided by the source length as well": weights @ encoder_outputs / len(weights),
    }
    precise = weights.double() @ encoder_outputs.double()
    assert_parity(
        context.detach().reshape(-1),
        weights @ encoder_outputs,
        what="context vector",
        precise=precise,
        mistakes=mistakes,
    )


@pytest.mark.todo("luong.context", weight=2)
@pytest.mark.parity
def test_gradients_pass_through_the_weights(student, reference, draw):
    """The context hands its gradient on to the weights as well as to the encoder outputs."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw)
    theirs = student.LuongAttention(len(h_t))
    load_weights(theirs, ours)
    direction = draw.tensor(len(h_t))
    theirs(h_t.flip(0), encoder_outputs.flip(0))  # nothing of other inputs may be remembered
    h_t.requires_grad_()
    # With gradients of its own, so that a context which forgets its weights is still one that has a gradient.
    keys = encoder_outputs.clone().requires_grad_()
    context, weights = theirs(h_t, keys)
    # A lab notebook may compute without gradients, and may hand the weights out detached: nothing to compare then.
    assert context.requires_grad or not weights.requires_grad, "no gradient reaches the context: was it detached?"
    if context.requires_grad and weights.requires_grad:
        (context.reshape(-1).float() @ direction).backward()
        actual, h_t.grad = h_t.grad, None
        _, weights = theirs(h_t, keys)
        (weights.reshape(-1).float() @ (encoder_outputs @ direction)).backward()
        # Where the weights themselves have lost h_t, that is the score's fault.
        if h_t.grad is not None:
            assert actual is not None, "no gradient reaches h_t through the context: were the weights detached?"
            assert_parity(actual, h_t.grad, what="gradient of the context through the weights")


@pytest.mark.todo("decoder.attentional", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_first_step_matches_the_reference(student, reference, draw):
    """The first row of logits is that of tanh(W_c [h_t; context]) with the new h_t."""
    case = draw_decoder(reference, draw, ends=False, max_len=1)
    logits, _ = make_decoder(student, case, load_weights)(*case.inputs, max_len=1)
    ours = choose_reading(reference, case, logits)
    with torch.no_grad():
        assert_parity(
            logits.detach(),
            ours(*case.inputs, max_len=1)[0],
            what="logits of the first step",
            precise=lambda: in_float64(ours, *case.inputs)[0][:1],
            mistakes=lambda: step_mistakes(case),
        )


@pytest.mark.todo("decoder.attentional", weight=3)
@pytest.mark.parity
def test_every_step_matches_the_reference(student, reference, draw):
    """Each step goes on from the previous token and from both carried states."""
    case = draw_decoder(reference, draw, ends=False)
    theirs = make_decoder(student, case, load_weights)
    theirs(*(tensor.flip(-1) for tensor in case.inputs), max_len=case.max_len)  # nothing of it may be remembered
    logits, _ = theirs(*case.inputs, max_len=case.max_len)
    ours = choose_reading(reference, case, logits)
    with torch.no_grad():
        expected, _ = ours(*case.inputs, max_len=case.max_len)
    assert_parity(logits.detach(), expected, what="logits of all steps")


@pytest.mark.todo("decoder.attentional", weight=1)
@pytest.mark.parity
def test_gradients_reach_states_and_source(student, reference, draw):
    """Gradients of the logits reach both initial states and the encoder outputs."""
    case = draw_decoder(reference, draw, ends=True)
    theirs = make_decoder(student, case, load_weights)
    has_graph = theirs(*case.inputs, max_len=case.max_len)[0].requires_grad
    # Only the way to the inputs is asked for: ids that are written into a tensor made beforehand, which no training
    # step of this lab goes through, would be in the way of the embedding's own gradient.
    theirs.requires_grad_(False)
    inputs = [tensor.clone().requires_grad_() for tensor in case.inputs]
    logits, _ = theirs(*inputs, max_len=case.max_len)
    if has_graph:
        assert logits.requires_grad, "no gradient reaches a state or the encoder outputs: was something detached?"
        ours = choose_reading(reference, case, logits)
        own = [tensor.clone().requires_grad_() for tensor in case.inputs]
        logits.sum().backward()
        ours(*own, max_len=case.max_len)[0].sum().backward()
        actual = [tensor.grad for tensor in inputs]
        assert None not in actual, "no gradient reaches a state or the encoder outputs: was something detached?"
        assert_parity(actual, [tensor.grad for tensor in own], what="gradients of the logits")


@pytest.mark.todo("attention.seq2seq", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_model_passes_everything_on(student, draw):
    """The decoder starts from the encoder's last hidden and cell state, and looks back at all its outputs."""
    model = make_model(student, draw)
    input_ids = torch.tensor(draw.shuffled(range(1, 10))[: draw.integer(3, 8)])  # no position looks like another
    logits, _ = model.theirs(input_ids)
    expected, _ = model.ours(input_ids)
    swapped = torch.cat([expected[1:2] / 2, 2 * expected[:1], expected[2:]])
    mistakes = {
        "the hidden and the cell state look swapped": swapped.detach(),
        "the hidden state was given as cell state, too": torch.cat(
            [expected[:1], 2 * expected[:1], expected[2:]]
        ).detach(),
    }
    assert_parity(logits.detach(), expected.detach(), what="logits of the model", mistakes=mistakes)


@torch.no_grad()
def bahdanau_mistakes(ours, query, keys) -> dict:
    """What the weights look like after a known mistake."""

    def weigh(hidden):
        return torch.softmax(ours.Va(hidden).transpose(1, 2), dim=-1)

    q, k = ours.Wa(query), ours.Ua(keys)
    return {
        "the tanh in the score is missing": weigh(q + k),
        "Wa and Ua look swapped: Wa belongs to the query, Ua to the keys": weigh(
            torch.tanh(ours.Ua(query) + ours.Wa(keys))
        ),
        "the query was left out of the score": weigh(torch.tanh(k)),
        "the softmax was taken over the batch": torch.softmax(ours.Va(torch.tanh(q + k)), dim=0).transpose(1, 2),
        "the softmax was taken over a dimension of size 1": torch.ones(keys.size(0), 1, keys.size(1)),
    }


@pytest.mark.todo("bahdanau", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_additive_weights_match_the_reference(student, reference, draw):
    """Weights equal a softmax of Va tanh(Wa query + Ua keys)."""
    ours, query, keys = draw_bahdanau(reference, draw)
    theirs = student.BahdanauAttention(query.size(-1))
    load_weights(theirs, ours)
    assert_parity(
        theirs(query, keys)[1].detach(),
        ours(query, keys)[1].detach(),
        what="attention weights",
        precise=lambda: in_float64(ours, query, keys)[1],
        mistakes=lambda: bahdanau_mistakes(ours, query, keys),
    )


@pytest.mark.todo("bahdanau", weight=3)
@pytest.mark.parity
def test_additive_context_is_weights_times_keys(student, reference, draw):
    """The context equals the returned weights times the keys."""
    ours, query, keys = draw_bahdanau(reference, draw)
    theirs = student.BahdanauAttention(query.size(-1))
    load_weights(theirs, ours)
    context, weights = theirs(query, keys)
    # Without an axis of size 1 they are weights still: their shape is judged by itself.
    weights = weights.detach().to(keys.dtype).reshape(keys.size(0), 1, keys.size(1))
    mistakes = {
        "the context was made from Ua keys: the keys themselves are mixed": (weights @ ours.Ua(keys)).detach(),
        "the context looks like the plain mean of the keys": keys.mean(1, keepdim=True),
    }
    assert_parity(context.detach(), weights @ keys, what="context", mistakes=mistakes)


@pytest.mark.todo("bahdanau", weight=2)
@pytest.mark.parity
def test_additive_gradients_match_the_reference(student, reference, draw):
    """Gradients of the context reach the query, the keys and all three layers."""
    ours, query, keys = draw_bahdanau(reference, draw)
    theirs = student.BahdanauAttention(query.size(-1))
    load_weights(theirs, ours)
    direction = draw.tensor(*query.shape)
    inputs = [query.clone().requires_grad_(), keys.clone().requires_grad_()]
    theirs(query.flip(0), keys.flip(0))  # nothing of other inputs may be remembered
    context, weights = theirs(*inputs)
    assert context.requires_grad or not weights.requires_grad, "no gradient reaches the context: was it detached?"
    if context.requires_grad:
        own = [query.clone().requires_grad_(), keys.clone().requires_grad_()]
        (context * direction).sum().backward()
        (ours(*own)[0] * direction).sum().backward()
        of_layers, expected_of_layers = align_gradients(parameter_gradients(theirs), parameter_gradients(ours))
        actual = [tensor.grad for tensor in inputs] + of_layers
        assert None not in actual, "no gradient reaches the query, the keys or a layer: was something detached?"
        assert_parity(actual, [tensor.grad for tensor in own] + expected_of_layers, what="gradients of the context")


@pytest.mark.todo("attndecoder.step", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_one_step_matches_the_reference(student, reference, draw):
    """Output, state and weights of one step equal those of embedding, attention, GRU and out."""
    pair = make_attndecoder(student, reference, draw, load_weights)
    batch = draw_batch(draw, pair.vocab_size, pair.hidden_size)
    inputs = batch.token, batch.hidden, batch.encoder_outputs
    output, hidden, weights = pair.theirs.forward_step(*inputs)
    ours = read_attention(reference, pair, weights, batch)
    with torch.no_grad():
        expected = ours.forward_step(*inputs)
    precise = functools.cache(lambda: in_float64(ours, *inputs, method="forward_step"))
    old_state = {"the state before the step came back: the GRU's new one is asked for": batch.hidden}

    def ask_late() -> dict:
        weights = ours.attention(expected[1].transpose(0, 1), batch.encoder_outputs)[1].detach()
        return {"attention was asked with the new state: the state before the step asks": weights}

    assert_parity(
        weights.detach(), expected[2], what="weights of the step", precise=lambda: precise()[2], mistakes=ask_late
    )
    assert_parity(
        output.detach(),
        expected[0],
        what="output of the step",
        precise=lambda: precise()[0],
        mistakes=lambda: batched_step_mistakes(ours, batch),
    )
    assert_parity(
        hidden.detach(), expected[1], what="state after the step", precise=lambda: precise()[1], mistakes=old_state
    )


@pytest.mark.todo("attndecoder.step", weight=1)
@pytest.mark.parity
def test_step_gradients_match_the_reference(student, reference, draw):
    """Gradients of the output reach the state and the encoder outputs."""
    pair = make_attndecoder(student, reference, draw, load_weights)
    batch = draw_batch(draw, pair.vocab_size, pair.hidden_size)
    inputs = [batch.hidden.clone().requires_grad_(), batch.encoder_outputs.clone().requires_grad_()]
    others = batch.token.flip(0), batch.hidden.flip(1), batch.encoder_outputs.flip(0)
    pair.theirs.forward_step(*others)  # nothing of it may be remembered
    output, hidden, weights = pair.theirs.forward_step(batch.token, *inputs)
    message = "no gradient reaches the state or the encoder outputs: was something detached?"
    assert output.requires_grad and hidden.requires_grad, message
    ours = read_attention(reference, pair, weights, batch)
    own = [batch.hidden.clone().requires_grad_(), batch.encoder_outputs.clone().requires_grad_()]
    direction = draw.tensor(*output.shape)
    (output * direction).sum().backward()
    (ours.forward_step(batch.token, *own)[0] * direction).sum().backward()
    actual = [tensor.grad for tensor in inputs]
    assert None not in actual, message
    assert_parity(actual, [tensor.grad for tensor in own], what="gradients of the output")
    idle, ours_idle = (list(parameter_gradients(side).values()).count(None) for side in (pair.theirs, ours))
    assert idle <= ours_idle, "no gradient reaches one of the layers: was something detached?"


PARTS = ("log-probabilities", "last state", "attention weights of all steps")


@pytest.mark.todo("attndecoder.decode", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_taught_decoding_matches_the_reference(student, reference, draw):
    """With a target each step reads the target's previous token, the first one SOS."""
    pair = make_attndecoder(student, reference, draw, load_weights)
    place_step(student, pair, standins.CannedStep)
    batch = draw_batch(draw, pair.vocab_size, pair.hidden_size)
    inputs = batch.encoder_outputs, batch.hidden, batch.target
    pair.theirs(batch.encoder_outputs.roll(1, 0), batch.hidden.roll(1, 1), batch.target)  # nothing may be remembered
    reply = pair.theirs(*inputs)
    expected = read_step(reference, pair, reply, inputs)
    shifted = torch.cat([batch.target[:, 1:], batch.target[:, :1]], dim=1)
    ahead = pair.ours(batch.encoder_outputs, batch.hidden, shifted)[0]

    def list_mistakes():
        own = torch.zeros_like(batch.target)
        for step in range(own.size(1)):
            own[:, step] = pair.ours(batch.encoder_outputs, batch.hidden, own)[0][:, step].argmax(dim=-1)
        ignored = pair.ours(batch.encoder_outputs, batch.hidden, own)[0]
        return {
            "each step reads a token one place too late or too early": ahead.detach(),
            "the target is ignored: each step reads what was predicted before": ignored.detach(),
        }

    for actual, right, what in zip(reply, expected, PARTS, strict=True):
        assert_parity(actual.detach(), right.detach(), what=what, mistakes=list_mistakes)


@pytest.mark.todo("attndecoder.decode", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_free_decoding_matches_the_reference(student, reference, draw):
    """Without a target each of the MAX_LENGTH steps reads the decoder's own last prediction."""
    pair = make_attndecoder(student, reference, draw, load_weights)
    place_step(student, pair, standins.CannedStep)
    batch = draw_free_batch(draw, pair, reference.MAX_LENGTH)
    inputs = batch.encoder_outputs, batch.hidden
    reply = pair.theirs(*inputs)
    expected = read_step(reference, pair, reply, inputs)
    for actual, right, what in zip(reply, expected, PARTS, strict=True):
        assert_parity(actual.detach(), right.detach(), what=what)


@pytest.mark.todo("attndecoder.decode", weight=1)
@pytest.mark.parity
def test_gradients_flow_back_through_all_steps(student, reference, draw):
    """Gradients of the log-probabilities reach the first state and the encoder outputs."""
    pair = make_attndecoder(student, reference, draw, load_weights)
    place_step(student, pair, standins.CannedStep)
    batch = draw_batch(draw, pair.vocab_size, pair.hidden_size)
    inputs = [batch.encoder_outputs.clone().requires_grad_(), batch.hidden.clone().requires_grad_()]
    own = [batch.encoder_outputs.clone().requires_grad_(), batch.hidden.clone().requires_grad_()]
    pair.theirs(batch.encoder_outputs.flip(0), batch.hidden.flip(1), batch.target.flip(0))  # not to be remembered
    reply = pair.theirs(*inputs, batch.target)
    message = "no gradient reaches the first state or the source: was something detached?"
    assert reply[0].requires_grad and reply[1].requires_grad, message
    expected = read_step(reference, pair, reply, (*own, batch.target))
    directions = [draw.tensor(*part.shape) for part in expected[:2]]
    for log_probs, hidden, _ in (reply, expected):
        ((log_probs * directions[0]).sum() + (hidden * directions[1]).sum()).backward()
    actual = [tensor.grad for tensor in inputs]
    assert None not in actual, message
    assert_parity(actual, [tensor.grad for tensor in own], what="gradients of the log-probabilities")


@pytest.mark.todo("masking", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_masked_weights_match_the_reference(student, reference, draw):
    """The weights equal a softmax over the real positions alone."""
    positions = draw.integer(5, 9)
    scores, lengths = draw.tensor(4, positions, scale=2.0), draw_lengths(draw, 4, positions)
    padding = torch.arange(positions) >= lengths.unsqueeze(1)
    student.masked_weights(scores.flip(1), lengths.flip(0))  # nothing of it may be remembered
    mistakes = {
        "the padding was hidden after the softmax: hide it before": scores.softmax(-1).masked_fill(padding, 0),
        "the padded scores were set to 0: a softmax gives e^0 to them": scores.masked_fill(padding, 0).softmax(-1),
        "the mask is the wrong way round: padding is looked at": scores.masked_fill(~padding, -1e9).softmax(-1),
        "the padding was not hidden": scores.softmax(-1),
    }
    assert_parity(
        student.masked_weights(scores, lengths),
        reference.masked_weights(scores, lengths),
        what="masked weights",
        precise=lambda: in_float64(reference.masked_weights, scores, lengths),
        mistakes=mistakes,
    )
