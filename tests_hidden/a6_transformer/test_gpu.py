"""GPU: the result is on the device of the inputs, and the numbers are those of the CPU."""

import pytest
import torch
from cases import (
    draw_attending,
    draw_heads,
    draw_mask,
    draw_sentences,
    draw_story,
    first_part,
    make_block,
    make_heads,
    make_model,
    read_heads,
    without_start,
)

from grader.examiner import assert_parity


def send(tensors, device):
    """The tensors on the device."""
    return tuple(tensor.to(device) for tensor in tensors)


def assert_on_device(actual, expected, device, *, what):
    """A result is on the device and holds what the CPU gives."""
    assert isinstance(actual, torch.Tensor), f"{what}: expected a tensor"
    assert actual.device.type == torch.device(device).type, f"{what}: it should be on the device of the inputs"
    assert_parity(actual.detach().cpu(), expected, what=f"{what} on the device")


@pytest.mark.todo("attention.scaled", points=2)
@pytest.mark.gpu
def test_attention_on_the_device(student, reference, draw, device):
    """Masked attention on the device equals that on the CPU."""
    case = draw_attending(draw, 3, square=True)
    inputs = (*case.as_tuple(), draw_mask(draw, "causal", case.q.shape[-2]))
    results = student.scaled_dot_product_attention(*send(inputs, device))
    expected = reference.scaled_dot_product_attention(*inputs)
    for what, actual, value in zip(("output", "attention weights"), results, expected, strict=True):
        assert_on_device(actual, value, device, what=what)


@pytest.mark.todo("attention.multihead", points=3)
@pytest.mark.gpu
def test_heads_on_the_device(student, reference, draw, monkeypatch, device):
    """The heads move to the device with all they need."""
    ours, inputs = draw_heads(reference, draw, square=True)
    inputs = (*inputs, draw_mask(draw, "padding", inputs[0].shape[1]))
    theirs = make_heads(student, ours).to(device)
    output = first_part(theirs(*send(inputs, device)))
    expected = read_heads(reference, monkeypatch, output, lambda: ours(*inputs))
    assert_on_device(output, expected, device, what="output")


@pytest.mark.todo("block.encoder", points=2)
@pytest.mark.gpu
def test_encoder_block_on_the_device(student, reference, draw, monkeypatch, device):
    """The encoder block moves to the device with all it needs."""
    block = make_block(student, reference, draw, monkeypatch, "EncoderBlock")
    x, _ = draw_sentences(draw, block.d_model)
    inputs = (x, draw_mask(draw, "padding", x.shape[1]))
    output = block.theirs.to(device)(*send(inputs, device))
    assert_on_device(output, block.ours(*inputs), device, what="output")
    # And back: what was made on the device must not stay there.
    assert_on_device(block.theirs.to("cpu")(*inputs), block.ours(*inputs), "cpu", what="output back on the CPU")


@pytest.mark.todo("block.decoder", points=2)
@pytest.mark.gpu
def test_decoder_block_on_the_device(student, reference, draw, monkeypatch, device):
    """The decoder block moves to the device with all it needs."""
    block = make_block(student, reference, draw, monkeypatch, "DecoderBlock")
    x, memory = draw_sentences(draw, block.d_model)
    inputs = (x, memory, draw_mask(draw, "causal", x.shape[1]))
    output = block.theirs.to(device)(*send(inputs, device))
    assert_on_device(output, block.ours(*inputs), device, what="output")


@pytest.mark.todo("decode.greedy", points=2)
@pytest.mark.gpu
def test_decoding_on_the_device(student, draw, device):
    """Decoding runs where src and the model are, and writes the same ids as on the CPU."""
    story = draw_story(draw)
    end, expected = story.find_end()
    model = make_model(student, story).to(device)
    ids = student.greedy_decode(model, story.src.to(device), story.start, end, 9)
    assert without_start(ids, story) == expected, "the ids on the device differ from those on the CPU"
