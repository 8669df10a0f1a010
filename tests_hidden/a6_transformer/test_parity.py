"""Parity: the same numbers as the reference, and gradients where the result carries them."""

import pytest
import torch
from cases import (
    KINDS,
    attention_mistakes,
    decoder_mistakes,
    draw_attending,
    draw_heads,
    draw_mask,
    draw_padding,
    draw_sentences,
    encoder_mistakes,
    first_part,
    make_block,
    make_heads,
    read_head_mistakes,
    read_heads,
)

from grader.examiner import assert_parity, assert_shape, in_float64, parameter_gradients


@pytest.mark.todo("attention.scaled", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_attention_weights(student, reference, draw):
    """Without a mask the weights are the softmax of the scaled scores."""
    case = draw_attending(draw, 3)
    _, weights = student.scaled_dot_product_attention(*case.as_tuple())
    assert_parity(
        weights,
        reference.scaled_dot_product_attention(*case.as_tuple())[1],
        what="attention weights",
        precise=in_float64(reference.scaled_dot_product_attention, *case.as_tuple())[1],
        mistakes={sentence: weights for sentence, (_, weights) in attention_mistakes(case).items()},
    )


@pytest.mark.todo("attention.scaled", weight=2)
@pytest.mark.parity
def test_attention_output_follows_its_weights(student, draw):
    """The output is the sum of the values, weighted by the returned weights."""
    case = draw_attending(draw, 2, 3)
    output, weights = student.scaled_dot_product_attention(*case.as_tuple())
    assert_parity(output, weights.detach() @ case.v, what="output", precise=weights.detach().double() @ case.v.double())


@pytest.mark.todo("attention.scaled", weight=2)
@pytest.mark.parity
@pytest.mark.parametrize("kind", KINDS)
def test_attention_under_a_mask(student, reference, draw, kind):
    """A mask for padding, a causal one, and both together hide what they should and nothing else."""
    case = draw_attending(draw, 3, 2, square=True)
    mask = draw_mask(draw, kind, case.q.shape[-2])
    # Every leading dimension but the sentences' is left for broadcasting.
    mask = mask.unsqueeze(1) if mask.dim() == 3 else mask
    inputs = (*case.as_tuple(), mask)
    results = zip(
        student.scaled_dot_product_attention(*inputs),
        reference.scaled_dot_product_attention(*inputs),
        in_float64(reference.scaled_dot_product_attention, *inputs),
        mask_mistakes(reference, case, mask),
        strict=True,
    )
    for what, (actual, expected, precise, mistakes) in zip(("output", "attention weights"), results, strict=True):
        assert_parity(actual, expected, what=f"{what} ({kind})", precise=precise, mistakes=mistakes)


def mask_mistakes(reference, case, mask):
    """What a known mistake with the mask does to the output and to the weights."""
    _, open_weights = reference.scaled_dot_product_attention(*case.as_tuple())
    scores = case.q @ case.k.transpose(-2, -1) / case.q.shape[-1] ** 0.5
    weights = {
        "the mask was not applied": open_weights,
        "the mask was applied after the softmax: the weights no longer sum to 1": open_weights * mask,
        "hidden scores became 0: a score of 0 still gets weight, minus infinity gets none": scores.masked_fill(
            ~mask, 0.0
        ).softmax(-1),
        "the mask was read the other way round: True means may attend": scores.masked_fill(mask, -1e9).softmax(-1),
    }
    return {sentence: value @ case.v for sentence, value in weights.items()}, weights


@pytest.mark.todo("attention.scaled", weight=2)
@pytest.mark.parity
def test_attention_passes_gradients(student, reference, draw):
    """Queries, keys and values receive the reference's gradients, in a second call too."""
    ours = draw_attending(draw, 3).give_gradients()
    theirs = ours.give_gradients()
    student.scaled_dot_product_attention(*(x.detach().flip(0) for x in ours.as_tuple()))
    output, _ = student.scaled_dot_product_attention(*theirs.as_tuple())
    assert output.requires_grad, NO_GRADIENT
    expected, _ = reference.scaled_dot_product_attention(*ours.as_tuple())
    slope = draw.tensor(*expected.shape)
    (expected * slope).sum().backward()
    (output * slope).sum().backward()
    for name in "qkv":
        assert_gradient(getattr(theirs, name), getattr(ours, name).grad, what=f"gradient of {name}")


NO_GRADIENT = "the output carries no gradient: was something detached, or computed under no_grad?"


def assert_gradient(theirs, expected, *, what):
    """A tensor of ours received the expected gradient from the submission."""
    assert theirs.grad is not None, f"{what}: none arrived; was the graph cut by detach or no_grad on the way?"
    assert_parity(theirs.grad, expected, what=what)


def assert_heads(student, reference, monkeypatch, inputs, ours, *, what):
    """The submission's heads give what ours give, with whichever attention they use."""
    theirs = make_heads(student, ours)
    if len(inputs) > 3:
        theirs(*(x.flip(0) for x in inputs))  # nothing of another mask may be remembered
    output = first_part(theirs(*inputs))
    assert_parity(
        output,
        read_heads(reference, monkeypatch, output, lambda: ours(*inputs)),
        what=what,
        precise=read_heads(reference, monkeypatch, output, lambda: in_float64(ours, *inputs)),
        mistakes=read_head_mistakes(reference, monkeypatch, output, ours, inputs[:3]) if len(inputs) == 3 else None,
    )


@pytest.mark.todo("attention.multihead", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_heads_on_one_sentence(student, reference, draw, monkeypatch):
    """Self-attention with the same weights gives the reference's output."""
    ours, (x, _, _) = draw_heads(reference, draw, batch=1)
    assert_heads(student, reference, monkeypatch, (x, x, x), ours, what="output")


@pytest.mark.todo("attention.multihead", weight=3)
@pytest.mark.parity
def test_heads_on_three_inputs(student, reference, draw, monkeypatch):
    """Queries, keys and values of different contents and lengths each go their own way."""
    ours, inputs = draw_heads(reference, draw)
    assert_heads(student, reference, monkeypatch, inputs, ours, what="output")


@pytest.mark.todo("attention.multihead", weight=1)
@pytest.mark.parity
def test_any_number_of_heads(student, reference, draw, monkeypatch):
    """A single head, and three of them, work like two."""
    for heads in (1, 3):
        ours, inputs = draw_heads(reference, draw, batch=2, heads=heads)
        assert_heads(student, reference, monkeypatch, inputs, ours, what=f"output ({heads} heads)")


@pytest.mark.todo("attention.multihead", weight=2)
@pytest.mark.parity
@pytest.mark.parametrize("kind", KINDS)
def test_heads_under_a_mask(student, reference, draw, monkeypatch, kind):
    """Every head obeys the mask: for padding [B,T,S], causal [T,S], and both together [B,1,T,S]."""
    ours, inputs = draw_heads(reference, draw, square=True)
    mask = draw_mask(draw, kind, inputs[0].shape[1])
    assert_heads(student, reference, monkeypatch, (*inputs, mask), ours, what=f"output ({kind})")


@pytest.mark.todo("attention.multihead", weight=2)
@pytest.mark.parity
def test_heads_pass_gradients(student, reference, draw, monkeypatch):
    """The three inputs and every weight receive gradients, in a second call too."""
    ours, inputs = draw_heads(reference, draw)
    leaves = tuple(x.clone().requires_grad_() for x in inputs)
    theirs = make_heads(student, ours)
    theirs(*(x.flip(0) for x in inputs))
    output = first_part(theirs(*leaves))
    assert_shape(output, tuple(inputs[0].shape), what="output")
    assert output.requires_grad, NO_GRADIENT
    slope = draw.tensor(*output.shape)
    (output * slope).sum().backward()
    for index, name in enumerate(("query", "key", "value")):
        actual = leaves[index].grad
        expected = read_heads(
            reference, monkeypatch, actual, lambda index=index: differentiate(ours, inputs, slope)[index]
        )
        assert_gradient(leaves[index], expected, what=f"gradient of {name}")
    assert_every_weight_learns(theirs)


def differentiate(module, inputs, slope):
    """The gradients of a module's inputs."""
    leaves = tuple(x.detach().clone().requires_grad_() for x in inputs)
    return torch.autograd.grad(module(*leaves), leaves, slope)


def assert_every_weight_learns(module):
    """Each parameter of the submission's module received a gradient."""
    idle = [name for name, gradient in parameter_gradients(module).items() if gradient is None]
    assert not idle, f"no gradient reaches {', '.join(idle)}"


@pytest.mark.todo("positions", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_positions_of_an_even_model(student, reference, draw):
    """Sines and cosines alternate and slow down from pair to pair."""
    length, half = draw.sizes(2, low=4, high=12)
    assert_positions(student, reference, length, 2 * half)


@pytest.mark.todo("positions", weight=3)
@pytest.mark.parity
def test_positions_of_an_odd_model(student, reference, draw):
    """An odd d_model ends with a sine."""
    length, half = draw.sizes(2, low=4, high=12)
    assert_positions(student, reference, length, 2 * half + 1)


def assert_positions(student, reference, length, d_model):
    """The submission's table is the reference's, in single or double precision."""
    table = student.sinusoidal_positions(length, d_model)
    angles = torch.arange(length).double().unsqueeze(1) / 10000 ** (torch.arange(d_model).double() / d_model)
    assert_parity(
        table.float() if isinstance(table, torch.Tensor) else table,
        reference.sinusoidal_positions(length, d_model),
        what="positions",
        mistakes=position_mistakes(reference, length, d_model, angles),
    )


def position_mistakes(reference, length, d_model, angles):
    """What the table looks like after a known mistake."""
    right = reference.sinusoidal_positions(length + 1, d_model)
    even = torch.arange(d_model) % 2 == 0
    sines, cosines = right[:length, 0::2], right[:length, 1::2]
    return {
        "sines fill the first half and cosines the second: they should alternate": torch.cat([sines, cosines], 1),
        "the first position is 0, not 1": right[1:],
        "a sine and the cosine beside it share one frequency": torch.where(even, angles.sin(), angles.cos()),
        "cosines stand in the even columns: sines belong there": torch.where(
            even, right[:length].roll(-1, 1), right[:length].roll(1, 1)
        ),
    }


@pytest.mark.todo("mask.causal", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_mask_values(student, reference, draw):
    """Each position sees itself and what came before, at every size."""
    for size in draw.sizes(2):
        expected = reference.causal_mask(size)
        mask = student.causal_mask(size)
        assert_parity(
            mask.bool() if isinstance(mask, torch.Tensor) else mask,
            expected,
            what="mask",
            mistakes={
                "the mask is upside down: True belongs on and below the diagonal": expected.T,
                "the mask is the other way round: True means may attend": ~expected,
                "a position should see itself: the diagonal is True": expected & ~torch.eye(size).bool(),
            },
        )


@pytest.mark.todo("block.encoder", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_encoder_block(student, reference, draw, monkeypatch):
    """Without a mask the block gives the reference's output for the same weights."""
    block = make_block(student, reference, draw, monkeypatch, "EncoderBlock")
    x, _ = draw_sentences(draw, block.d_model)
    assert_parity(
        block.theirs(x),
        block.ours(x),
        what="output",
        precise=in_float64(block.ours, x),
        mistakes=encoder_mistakes(block.ours, x),
    )


@pytest.mark.todo("block.encoder", weight=1)
@pytest.mark.parity
@pytest.mark.parametrize("kind", KINDS)
def test_encoder_block_under_a_mask(student, reference, draw, monkeypatch, kind):
    """The mask reaches self-attention: for padding, causal, and both together."""
    block = make_block(student, reference, draw, monkeypatch, "EncoderBlock")
    x, _ = draw_sentences(draw, block.d_model)
    inputs = (x, draw_mask(draw, kind, x.shape[1]))
    assert_parity(
        block.theirs(*inputs),
        block.ours(*inputs),
        what=f"output ({kind})",
        precise=in_float64(block.ours, *inputs),
        mistakes=encoder_mistakes(block.ours, *inputs),
    )


@pytest.mark.todo("block.encoder", weight=1)
@pytest.mark.parity
def test_encoder_block_passes_gradients(student, reference, draw, monkeypatch):
    """The input and every weight receive gradients."""
    block = make_block(student, reference, draw, monkeypatch, "EncoderBlock")
    x, _ = draw_sentences(draw, block.d_model)
    assert_block_gradients(block, (x,), draw)


def assert_block_gradients(block, inputs, draw):
    """The block's inputs receive the reference's gradients, and every weight receives one."""
    leaves = tuple(x.clone().requires_grad_() for x in inputs)
    # other inputs first: nothing of them may be remembered
    block.theirs(*(x.flip(0) for x in inputs))
    output = block.theirs(*leaves)
    assert_shape(output, tuple(inputs[0].shape), what="output")
    assert output.requires_grad, NO_GRADIENT
    slope = draw.tensor(*output.shape)
    (output * slope).sum().backward()
    for name, leaf, expected in zip(("x", "memory"), leaves, differentiate(block.ours, inputs, slope), strict=False):
        assert_gradient(leaf, expected, what=f"gradient of {name}")
    assert_every_weight_learns(block.theirs)


@pytest.mark.todo("block.decoder", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_decoder_block(student, reference, draw, monkeypatch):
    """Without masks the block gives the reference's output for the same weights."""
    block = make_block(student, reference, draw, monkeypatch, "DecoderBlock")
    assert_decoder(block, draw_sentences(draw, block.d_model), what="output")


@pytest.mark.todo("block.decoder", weight=1)
@pytest.mark.parity
@pytest.mark.parametrize("kind", KINDS)
def test_decoder_block_under_a_target_mask(student, reference, draw, monkeypatch, kind):
    """The target's mask reaches self-attention only: for padding, causal, and both together."""
    block = make_block(student, reference, draw, monkeypatch, "DecoderBlock")
    x, memory = draw_sentences(draw, block.d_model)
    inputs = (x, memory, draw_mask(draw, kind, x.shape[1]))
    assert_decoder(block, inputs, what=f"output ({kind})")


@pytest.mark.todo("block.decoder", weight=2)
@pytest.mark.parity
def test_decoder_block_under_both_masks(student, reference, draw, monkeypatch):
    """The target's mask and the memory's padding each go to their own attention."""
    block = make_block(student, reference, draw, monkeypatch, "DecoderBlock")
    x, memory = draw_sentences(draw, block.d_model)
    memory_mask = draw_padding(draw, x.shape[1], memory.shape[1])
    inputs = (x, memory, draw_mask(draw, "causal", x.shape[1]), memory_mask)
    assert_decoder(block, inputs, what="output (both masks)")


def assert_decoder(block, inputs, *, what):
    """The submission's decoder block gives what ours gives."""
    assert_parity(
        block.theirs(*inputs),
        block.ours(*inputs),
        what=what,
        precise=in_float64(block.ours, *inputs),
        mistakes=decoder_mistakes(block.ours, *inputs),
    )


@pytest.mark.todo("block.decoder", weight=1)
@pytest.mark.parity
def test_decoder_block_passes_gradients(student, reference, draw, monkeypatch):
    """Target, memory and every weight receive gradients."""
    block = make_block(student, reference, draw, monkeypatch, "DecoderBlock")
    assert_block_gradients(block, draw_sentences(draw, block.d_model), draw)
