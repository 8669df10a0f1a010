"""Shape: what comes back has the form that was asked for."""

from dataclasses import replace

import pytest
import torch
from cases import (
    draw_attending,
    draw_heads,
    draw_sentences,
    draw_story,
    make_block,
    make_heads,
    make_model,
)

from grader.examiner import as_ids, assert_parity, assert_shape


@pytest.mark.todo("attention.scaled", weight=2)
@pytest.mark.shape
def test_attention_keeps_leading_dimensions(poisoned, draw):
    """Output and weights keep every dimension, of size 1 too, and are made from the arguments alone."""
    batch, heads = draw.sizes(2, low=2, high=3)
    for leading, queries, keys in (
        *(((), 9, 9), ((batch,), 9, 9), ((batch, heads), 9, 9)),
        *(((1,), 9, 9), ((batch,), 1, 9), ((batch,), 9, 1)),
    ):
        case = draw_attending(draw, *leading)
        case = replace(case, q=case.q[..., :queries, :], k=case.k[..., :keys, :], v=case.v[..., :keys, :])
        t, s, e = case.q.shape[-2], case.k.shape[-2], case.v.shape[-1]
        masks = [] if queries == keys else [torch.ones(t, s, dtype=torch.bool)]
        output, weights = poisoned.scaled_dot_product_attention(*case.as_tuple(), *masks)
        assert_shape(output, (*leading, t, e), what="output")
        assert_shape(weights, (*leading, t, s), what="weights")


@pytest.mark.todo("attention.multihead", weight=2)
@pytest.mark.shape
def test_heads_return_one_tensor_like_the_query(student, reference, draw):
    """The heads return the output alone, shaped like the query, whatever the number of keys; a single one too."""
    for batch, length in ((1, 9), (3, 9), (3, 1)):
        ours, inputs = draw_heads(reference, draw, batch=batch)
        inputs = tuple(x[:, :length] for x in inputs)
        masks = [torch.ones(batch, 1, 1, dtype=torch.bool)] if length == 1 else []
        output = make_heads(student, ours)(*inputs, *masks)
        assert_shape(output, tuple(inputs[0].shape), what="output")


@pytest.mark.todo("positions", weight=1)
@pytest.mark.shape
def test_positions_fill_the_table(poisoned, draw):
    """There is one row a position and one column a feature, also for an odd d_model."""
    length, half = draw.sizes(2)
    for d_model in (2 * half, 2 * half + 1):
        table = poisoned.sinusoidal_positions(length, d_model)
        assert_shape(table, (length, d_model), what="positions")
        assert table.is_floating_point(), "positions are added to embeddings: they should be floating point numbers"


@pytest.mark.todo("mask.causal", weight=1)
@pytest.mark.shape
def test_mask_is_square_and_boolean(poisoned, draw):
    """The mask is a square of booleans."""
    size = draw.integer(3, 9)
    mask = poisoned.causal_mask(size)
    assert_shape(mask, (size, size), what="mask")
    assert mask.dtype == torch.bool, f"the mask holds {mask.dtype}: True and False are asked for"


@pytest.mark.todo("block.encoder", weight=1)
@pytest.mark.shape
def test_encoder_block_keeps_the_shape(student, reference, draw, monkeypatch):
    """What leaves the block can enter the next one, for one sentence or several, and for a single word."""
    block = make_block(student, reference, draw, monkeypatch, "EncoderBlock")
    for batch, length in ((1, 9), (3, 9), (3, 1)):
        x = draw_sentences(draw, block.d_model, batch=batch)[0][:, :length]
        for inputs in ((x,), (x, torch.ones(batch, x.shape[1], x.shape[1]).tril().bool())):
            assert_shape(block.theirs(*inputs), tuple(x.shape), what="output")


@pytest.mark.todo("block.decoder", weight=1)
@pytest.mark.shape
def test_decoder_block_keeps_the_shape_of_the_target(student, reference, draw, monkeypatch):
    """The output is shaped like the target, however long the memory is."""
    block = make_block(student, reference, draw, monkeypatch, "DecoderBlock")
    for batch, length in ((1, 9), (3, 9), (3, 1)):
        x, memory = (part[:, :length] for part in draw_sentences(draw, block.d_model, batch=batch))
        output = block.theirs(x, memory)
        assert_shape(output, tuple(x.shape), what="output")
        assert_parity(block.theirs(x[:1], memory[:1]), output[:1].detach(), what="output of a sentence alone")


@pytest.mark.todo("decode.greedy", weight=1)
@pytest.mark.shape
def test_decoding_gives_plain_ids(student, draw):
    """The ids come as a list of ints or as one tensor of them."""
    story = draw_story(draw)
    ids = student.greedy_decode(make_model(student, story), story.src, story.start, story.unused, 4)
    if isinstance(ids, torch.Tensor):
        assert ids.dim() == 1, f"the ids have the shape {list(ids.shape)}: one axis is asked for"
        assert not ids.is_floating_point(), "the ids are floating point numbers: integers are asked for"
    else:
        assert all(type(token) is int for token in ids), "the list of ids holds something other than plain ints"
    assert len(as_ids(ids)) > 1, "there are no ids after the start token"
