"""GPU: the result is on the device of the inputs, and the numbers are those of the CPU."""

import pytest
import torch
from cases import as_ids, choose_reading, draw_decoder, draw_luong, log_weights, make_decoder, make_model, read_scores

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
    expected = weights.detach().cpu().reshape(-1) @ encoder_outputs.cpu()
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
