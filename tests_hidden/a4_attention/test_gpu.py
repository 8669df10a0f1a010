"""GPU: the result is on the device of the inputs, and the numbers are those of the CPU."""

import pytest
import torch
from cases import (
    as_ids,
    choose_reading,
    draw_bahdanau,
    draw_batch,
    draw_decoder,
    draw_lengths,
    draw_luong,
    log_weights,
    make_attndecoder,
    make_decoder,
    make_model,
    place_step,
    read_attention,
    read_scores,
    read_step,
)

from grader.examiner import assert_parity, load_weights


def on_device(student, reference, draw, device):
    """A submission's LuongAttention on the device, our own, and inputs."""
    ours, h_t, encoder_outputs = draw_luong(reference, draw)
    theirs = student.LuongAttention(len(h_t))
    load_weights(theirs, ours)
    return theirs.to(device), ours, h_t, encoder_outputs


@pytest.mark.todo("luong.score", points=2)
@pytest.mark.gpu
def test_scores_on_the_device(student, reference, draw, device):
    """Scores on the device equal those on the CPU."""
    theirs, ours, h_t, encoder_outputs = on_device(student, reference, draw, device)
    expected = log_weights(ours, h_t, encoder_outputs)
    actual = read_scores(student, theirs, h_t.to(device), encoder_outputs.to(device), expected.to(device))
    assert_parity(actual.scores.cpu(), expected, what="attention scores on the device")


@pytest.mark.todo("luong.weights", points=2)
@pytest.mark.gpu
def test_weights_on_the_device(student, reference, draw, device):
    """The weights are on the device of the inputs and sum to one."""
    theirs, _, h_t, encoder_outputs = on_device(student, reference, draw, device)
    h_t, encoder_outputs = h_t.to(device), encoder_outputs.to(device)
    weights = theirs(h_t, encoder_outputs)[1].detach()
    assert weights.device == h_t.device, "the weights should be on the device of the inputs"
    assert abs(weights.sum().item() - 1) < 1e-4, "the weights should sum to 1 on the device, too"


@pytest.mark.todo("luong.context", points=2)
@pytest.mark.gpu
def test_context_on_the_device(student, reference, draw, device):
    """The context is on the device of the inputs and is the weighted sum."""
    theirs, _, h_t, encoder_outputs = on_device(student, reference, draw, device)
    h_t, encoder_outputs = h_t.to(device), encoder_outputs.to(device)
    context, weights = theirs(h_t, encoder_outputs)
    assert context.device == h_t.device, "the context vector should be on the device of the inputs"
    expected = weights.detach().cpu().reshape(-1).to(h_t.dtype) @ encoder_outputs.cpu()
    assert_parity(context.detach().cpu().reshape(-1), expected, what="context vector on the device")


@pytest.mark.todo("decoder.attentional", points=3)
@pytest.mark.gpu
def test_decoding_on_the_device(student, reference, draw, device):
    """Decoding runs on the device and chooses the same tokens as on the CPU."""
    case = draw_decoder(reference, draw, ends=True)
    theirs = make_decoder(student, case, load_weights).to(device)
    inputs = [tensor.to(device) for tensor in case.inputs]
    logits, token_ids = theirs(*inputs, max_len=case.max_len)
    assert logits.device == inputs[0].device, "the logits should be on the device of the inputs"
    ours = choose_reading(reference, case, logits.cpu())
    with torch.no_grad():
        expected, expected_ids = ours(*case.inputs, max_len=case.max_len)
    assert_parity(logits.detach().cpu(), expected, what="logits on the device")
    assert as_ids(token_ids)[-len(expected) :] == expected_ids[1:], "the ids on the device differ from those on the CPU"


@pytest.mark.todo("attention.seq2seq", points=1)
@pytest.mark.gpu
def test_model_on_the_device(student, draw, device):
    """The model's parts move with it, and its result is on the device."""
    model = make_model(student, draw)
    input_ids = draw.ids(9, draw.integer(3, 8))
    logits, _ = model.theirs.to(device)(input_ids.to(device))
    assert logits.device.type == torch.device(device).type, "the logits should be on the device of the inputs"
    assert_parity(logits.detach().cpu(), model.ours(input_ids)[0].detach(), what="logits on the device")


@pytest.mark.todo("bahdanau", points=2)
@pytest.mark.gpu
def test_additive_attention_on_the_device(student, reference, draw, device):
    """Context and weights on the device equal those on the CPU."""
    ours, query, keys = draw_bahdanau(reference, draw)
    theirs = student.BahdanauAttention(query.size(-1))
    load_weights(theirs, ours)
    query_there = query.to(device)
    reply = theirs.to(device)(query_there, keys.to(device))
    for actual, expected, what in zip(reply, ours(query, keys), ("context", "attention weights"), strict=True):
        assert actual.device == query_there.device, f"the {what} should be on the device of the inputs"
        assert_parity(actual.detach().cpu(), expected.detach(), what=f"{what} on the device")
    # And back: what was made on the device must not stay there.
    for actual, expected, what in zip(
        theirs.to("cpu")(query, keys), ours(query, keys), ("context", "attention weights"), strict=True
    ):
        assert_parity(actual.detach(), expected.detach(), what=f"{what} back on the CPU")


@pytest.mark.todo("attndecoder.step", points=2)
@pytest.mark.gpu
def test_a_step_on_the_device(student, reference, draw, device):
    """A step runs on the device and gives the CPU's numbers."""
    pair = make_attndecoder(student, reference, draw, load_weights)
    batch = draw_batch(draw, pair.vocab_size, pair.hidden_size)
    inputs = batch.token, batch.hidden, batch.encoder_outputs
    pair.theirs.to(device)
    inputs_there = [tensor.to(device) for tensor in inputs]
    reply = pair.theirs.forward_step(*inputs_there)
    expected = read_attention(reference, pair, reply[2], batch).forward_step(*inputs)
    for actual, right, what in zip(reply, expected, ("output", "state", "weights"), strict=True):
        assert actual.device == inputs_there[1].device, f"the {what} should be on the device of the inputs"
        assert_parity(actual.detach().cpu(), right.detach(), what=f"{what} of a step on the device")


@pytest.mark.todo("attndecoder.decode", points=1)
@pytest.mark.gpu
def test_decoding_a_batch_on_the_device(student, reference, draw, device):
    """The first input is made on the device, and the results are there."""
    pair = make_attndecoder(student, reference, draw, load_weights)
    place_step(student, pair)
    batch = draw_batch(draw, pair.vocab_size, pair.hidden_size)
    inputs = batch.encoder_outputs, batch.hidden, batch.target
    pair.theirs.to(device)
    inputs_there = [tensor.to(device) for tensor in inputs]
    reply = pair.theirs(*inputs_there)
    expected = read_step(reference, pair, reply, inputs)
    for actual, right in zip(reply, expected, strict=True):
        assert actual.device == inputs_there[0].device, "the results should be on the device of the inputs"
        assert_parity(actual.detach().cpu(), right.detach(), what="result of decoding on the device")


@pytest.mark.todo("masking", points=1)
@pytest.mark.gpu
def test_lengths_may_be_on_either_device(student, reference, draw, device):
    """Scores on the device are masked by lengths on the device or on the CPU."""
    positions = draw.integer(5, 9)
    scores, lengths = draw.tensor(3, positions), draw_lengths(draw, 3, positions)
    expected = reference.masked_weights(scores, lengths)
    scores_there = scores.to(device)
    for place in ("cpu", device):
        actual = student.masked_weights(scores_there, lengths.to(place))
        assert actual.device == scores_there.device, "the weights should be on the device of the scores"
        assert_parity(actual.cpu(), expected, what="masked weights on the device")
