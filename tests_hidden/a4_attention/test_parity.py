"""Parity: the same weights and inputs give the reference's numbers and gradients."""

import pytest
import torch
from cases import (
    centred,
    choose_reading,
    draw_decoder,
    draw_luong,
    fill_weights,
    is_additive,
    is_softmax_of_odd_score,
    log_weights,
    make_decoder,
    make_model,
    read_scores,
    score_mistakes,
    step_mistakes,
    with_mixed_row,
)

from grader.examiner import assert_parity, in_float64, load_weights, parameter_gradients


@pytest.mark.todo("luong.score", points=4)
@pytest.mark.parity
def test_scores_match_the_reference(student, reference, draw):
    """Scores equal encoder_outputs times W_a h_t, as the weights show."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw)
    theirs = student.LuongAttention(len(h_t))
    load_weights(theirs, ours)
    expected = log_weights(ours, h_t, encoder_outputs)
    actual = read_scores(student, theirs, h_t, encoder_outputs, expected).scores
    precise = centred(in_float64(ours, h_t, encoder_outputs)[1].log())
    mistakes = score_mistakes(ours, h_t, encoder_outputs)
    assert_parity(actual, expected, what="attention scores", precise=precise, mistakes=mistakes)


def score_gradients(module, h_t, encoder_outputs, direction) -> list:
    """Gradients of the log-weights along a direction, with respect to both inputs and W_a."""
    h_t, encoder_outputs = h_t.clone().requires_grad_(), encoder_outputs.clone().requires_grad_()
    weights = module(h_t, encoder_outputs)[1].reshape(-1)
    if not weights.requires_grad:
        return []
    (weights.log() * direction).sum().backward()
    return [h_t.grad, encoder_outputs.grad, *parameter_gradients(module).values()]


@pytest.mark.todo("luong.score", points=2)
@pytest.mark.parity
def test_gradients_reach_what_the_score_is_made_of(student, reference, draw):
    """Gradients flow from the scores to h_t, the encoder outputs and W_a."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw)
    theirs = student.LuongAttention(len(h_t))
    load_weights(theirs, ours)
    reading = read_scores(student, theirs, h_t, encoder_outputs, log_weights(ours, h_t, encoder_outputs))
    direction = draw.tensor(len(encoder_outputs))
    actual = score_gradients(theirs, h_t, encoder_outputs, direction)
    # Nothing to compare where nothing is tracked, or where the weights hide the scores: that is their own TODO.
    if actual and reading.from_weights:
        expected = score_gradients(ours, h_t, encoder_outputs, direction)
        assert None not in actual, "no gradient reaches h_t, the encoder outputs or W_a: was something detached?"
        assert_parity(actual, expected, what="gradients through the scores")


@pytest.mark.todo("luong.weights", points=3)
@pytest.mark.parity
def test_weights_are_a_softmax_of_the_scores(student, reference, draw):
    """The ratio of two weights grows exponentially with the difference of their scores."""
    ours, h_t, rows = draw_luong(reference, draw, positions=3)
    theirs = student.LuongAttention(len(h_t))
    load_weights(theirs, ours)
    encoder_outputs = with_mixed_row(rows)
    weights = theirs(h_t, encoder_outputs)[1].detach().reshape(-1)
    assert weights.numel() == 4 and (weights > 0).all(), "weights should be positive, one for each source position"
    # Any score that is linear, right or wrong, will do: the score is judged by its own TODO.
    is_softmax = is_additive(weights.log()) or is_softmax_of_odd_score(theirs, ours, h_t, encoder_outputs)
    assert is_softmax, "the weights are not a softmax of the scores over the source positions"


@pytest.mark.todo("luong.context", points=4)
@pytest.mark.parity
def test_context_is_the_weighted_sum(student, reference, draw):
    """The context vector is the sum of the encoder outputs, weighted by the returned weights."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw)
    theirs = student.LuongAttention(len(h_t))
    load_weights(theirs, ours)
    context, weights = theirs(h_t, encoder_outputs)
    weights = weights.detach().reshape(-1)
    mistakes = {
        "the context looks like the plain mean of the encoder outputs": encoder_outputs.mean(0),
        "the context looks like the plain sum of the encoder outputs": encoder_outputs.sum(0),
        "only the position with the largest weight was taken": encoder_outputs[weights.argmax()],
        "the weighted sum was divided by the source length as well": weights @ encoder_outputs / len(weights),
    }
    precise = weights.double() @ encoder_outputs.double()
    assert_parity(
        context.detach().reshape(-1), weights @ encoder_outputs, what="context vector", precise=precise, mistakes=mistakes
    )


@pytest.mark.todo("luong.context", points=2)
@pytest.mark.parity
def test_gradients_pass_through_the_weights(student, reference, draw):
    """The context hands its gradient on to the weights as well as to the encoder outputs."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw)
    theirs = student.LuongAttention(len(h_t))
    load_weights(theirs, ours)
    direction = draw.tensor(len(h_t))
    h_t.requires_grad_()
    context, weights = theirs(h_t, encoder_outputs)
    # A lab notebook may compute without gradients, and may hand the weights out detached: nothing to compare then.
    if context.requires_grad and weights.requires_grad:
        (context.reshape(-1) @ direction).backward()
        actual, h_t.grad = h_t.grad, None
        _, weights = theirs(h_t, encoder_outputs)
        weights.reshape(-1).backward(encoder_outputs @ direction)
        assert actual is not None, "no gradient reaches h_t through the context: were the weights detached?"
        assert_parity(actual, h_t.grad, what="gradient of the context through the weights")


@pytest.mark.todo("decoder.attentional", points=3)
@pytest.mark.parity
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
            precise=in_float64(ours, *case.inputs)[0][:1],
            mistakes=step_mistakes(case),
        )


@pytest.mark.todo("decoder.attentional", points=3)
@pytest.mark.parity
def test_every_step_matches_the_reference(student, reference, draw):
    """Each step goes on from the previous token and from both carried states."""
    case = draw_decoder(reference, draw, ends=False)
    logits, _ = make_decoder(student, case, load_weights)(*case.inputs, max_len=case.max_len)
    ours = choose_reading(reference, case, logits)
    with torch.no_grad():
        expected, _ = ours(*case.inputs, max_len=case.max_len)
    assert_parity(logits.detach(), expected, what="logits of all steps")


@pytest.mark.todo("decoder.attentional", points=1)
@pytest.mark.parity
def test_gradients_reach_states_and_source(student, reference, draw):
    """Gradients of the logits reach both initial states and the encoder outputs."""
    case = draw_decoder(reference, draw, ends=True)
    theirs = make_decoder(student, case, load_weights)
    inputs = [tensor.clone().requires_grad_() for tensor in case.inputs]
    logits, _ = theirs(*inputs, max_len=case.max_len)
    if logits.requires_grad:
        ours = choose_reading(reference, case, logits)
        own = [tensor.clone().requires_grad_() for tensor in case.inputs]
        logits.sum().backward()
        ours(*own, max_len=case.max_len)[0].sum().backward()
        actual = [tensor.grad for tensor in inputs]
        assert None not in actual, "no gradient reaches a state or the encoder outputs: was something detached?"
        assert_parity(actual, [tensor.grad for tensor in own], what="gradients of the logits")


@pytest.mark.todo("attention.seq2seq", points=3)
@pytest.mark.parity
def test_model_passes_everything_on(student, draw):
    """The decoder starts from the encoder's last hidden and cell state, and looks back at all its outputs."""
    model = make_model(student, draw)
    input_ids = draw.ids(9, draw.integer(3, 8))
    logits, token_ids = model.theirs(input_ids)
    expected, _ = model.ours(input_ids)
    swapped = torch.cat([expected[1:2] / 2, 2 * expected[:1], expected[2:]])
    mistakes = {
        "the hidden and the cell state look swapped": swapped.detach(),
        "the hidden state was given as cell state, too": torch.cat(
            [expected[:1], 2 * expected[:1], expected[2:]]
        ).detach(),
    }
    assert_parity(logits.detach(), expected.detach(), what="logits of the model", mistakes=mistakes)


@pytest.mark.todo("bahdanau", points=14)
@pytest.mark.parity
def test_bahdanau_matches_the_reference(student, reference, draw):
    """Context and weights equal the reference's for the same layer weights."""
    batch, positions, hidden_size = draw.sizes(3)
    ours = fill_weights(reference.BahdanauAttention(hidden_size), draw, scale=0.5)
    theirs = student.BahdanauAttention(hidden_size)
    load_weights(theirs, ours)
    query, keys = draw.tensor(batch, 1, hidden_size), draw.tensor(batch, positions, hidden_size)
    assert_parity(theirs(query, keys), ours(query, keys), what="context and weights")


@pytest.mark.todo("attndecoder.step", points=10)
@pytest.mark.parity
def test_step_matches_the_reference(student, reference, draw):
    """One step equals the reference's for the same layer weights."""
    batch, positions, hidden_size, vocab_size = draw.sizes(4)
    ours = fill_weights(reference.AttnDecoderRNN(hidden_size, vocab_size), draw, scale=0.5).eval()
    theirs = student.AttnDecoderRNN(hidden_size, vocab_size)
    load_weights(theirs, ours)
    theirs.eval()
    inputs = draw.ids(vocab_size, batch, 1), draw.tensor(1, batch, hidden_size), draw.tensor(batch, positions, hidden_size)
    assert_parity(theirs.forward_step(*inputs), ours.forward_step(*inputs), what="result of one step")


@pytest.mark.todo("attndecoder.decode", points=8)
@pytest.mark.parity
def test_decode_matches_the_reference(student, reference, draw):
    """Decoding with a target equals the reference's for the same layer weights."""
    batch, positions, hidden_size, vocab_size, steps = draw.sizes(5)
    ours = fill_weights(reference.AttnDecoderRNN(hidden_size, vocab_size), draw, scale=0.5).eval()
    theirs = student.AttnDecoderRNN(hidden_size, vocab_size)
    load_weights(theirs, ours)
    theirs.eval()
    inputs = draw.tensor(batch, positions, hidden_size), draw.tensor(1, batch, hidden_size), draw.ids(vocab_size, batch, steps)
    assert_parity(theirs(*inputs), ours(*inputs), what="result of decoding")


@pytest.mark.todo("masking", points=8)
@pytest.mark.parity
def test_masked_weights_match_the_reference(student, reference, draw):
    """Masked weights equal the reference's."""
    scores, lengths = draw.tensor(3, 7), torch.tensor(draw.shuffled([7, 3, 1]))
    assert_parity(student.masked_weights(scores, lengths), reference.masked_weights(scores, lengths), what="weights")
