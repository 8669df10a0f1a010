"""GPU: the result is on the device of the inputs, and the numbers are those of the CPU."""

import pytest
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
    without_start,
)

from grader.examiner import assert_moved


def send(tensors, device):
    """The tensors on the device."""
    return tuple(tensor.to(device) for tensor in tensors)


@pytest.mark.todo("attention.scaled", weight=2)
@pytest.mark.gpu
def test_attention_on_the_device(student, draw, device):
    """Masked attention on the device equals that on the CPU."""
    case = draw_attending(draw, 3, square=True)
    inputs = (*case.as_tuple(), draw_mask(draw, "causal", case.q.shape[-2]))
    own = student.scaled_dot_product_attention(*inputs)
    there = student.scaled_dot_product_attention(*send(inputs, device))
    assert_moved(there, own, device, what="output and weights on the device")


@pytest.mark.todo("attention.multihead", weight=3)
@pytest.mark.gpu
def test_heads_on_the_device(student, reference, draw, device):
    """The heads move to the device with all they need."""
    ours, inputs = draw_heads(reference, draw, square=True)
    inputs = (*inputs, draw_mask(draw, "padding", inputs[0].shape[1]))
    theirs = make_heads(student, ours)
    own = first_part(theirs(*inputs))
    there = first_part(theirs.to(device)(*send(inputs, device)))
    assert_moved(there, own, device, what="output on the device")


@pytest.mark.todo("block.encoder", weight=2)
@pytest.mark.gpu
def test_encoder_block_on_the_device(student, reference, draw, monkeypatch, device):
    """The encoder block moves to the device with all it needs."""
    block = make_block(student, reference, draw, monkeypatch, "EncoderBlock")
    x, _ = draw_sentences(draw, block.d_model)
    inputs = (x, draw_mask(draw, "padding", x.shape[1]))
    own = block.theirs(*inputs)
    assert_moved(block.theirs.to(device)(*send(inputs, device)), own, device, what="output on the device")
    # And back: what was made on the device must not stay there.
    assert_moved(block.theirs.to("cpu")(*inputs), own, "cpu", what="output back on the CPU")


@pytest.mark.todo("block.decoder", weight=2)
@pytest.mark.gpu
def test_decoder_block_on_the_device(student, reference, draw, monkeypatch, device):
    """The decoder block moves to the device with all it needs."""
    block = make_block(student, reference, draw, monkeypatch, "DecoderBlock")
    x, memory = draw_sentences(draw, block.d_model)
    inputs = (x, memory, draw_mask(draw, "causal", x.shape[1]))
    own = block.theirs(*inputs)
    assert_moved(block.theirs.to(device)(*send(inputs, device)), own, device, what="output on the device")


@pytest.mark.todo("decode.greedy", weight=2)
@pytest.mark.gpu
def test_decoding_on_the_device(student, draw, device):
    """Decoding runs where src and the model are, and writes the same ids as on the CPU."""
    story = draw_story(draw)
    end, _ = story.find_end()
    model = make_model(student, story)
    own = without_start(student.greedy_decode(model, story.src, story.start, end, 9), story)
    there = student.greedy_decode(model.to(device), story.src.to(device), story.start, end, 9)
    assert without_start(there, story) == own, "the ids on the device differ from those on the CPU"
