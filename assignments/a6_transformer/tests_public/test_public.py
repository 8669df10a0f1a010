"""What `grader check` runs: small cases whose answers can be worked out by hand."""

import math

import pytest
import torch

from grader.examiner import assert_parity, assert_shape


@pytest.mark.todo("attention.scaled")
@pytest.mark.behaviour
def test_equal_keys_share_equally(student, draw):
    """Where all keys are equal, the output is the mean of the values."""
    q, k, v = draw.tensor(2, 3, 6), torch.ones(2, 5, 6), draw.tensor(2, 5, 4)
    output, weights = student.scaled_dot_product_attention(q, k, v)
    assert_parity(weights, torch.full((2, 3, 5), 1 / 5), what="attention weights")
    assert_parity(output, v.mean(1, keepdim=True).expand(2, 3, 4), what="output")


@pytest.mark.todo("attention.scaled")
@pytest.mark.parity
def test_scores_are_scaled(student):
    """With d = 4, a product of 2 ln 3 is a score of ln 3, and weighs three times as much as a score of 0."""
    q = torch.tensor([[math.log(3.0), 0.0, 0.0, 0.0]])
    k = torch.tensor([[2.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    _, weights = student.scaled_dot_product_attention(q, k, torch.eye(2))
    assert_parity(weights, torch.tensor([[0.75, 0.25]]), what="attention weights")


@pytest.mark.todo("attention.scaled")
@pytest.mark.behaviour
def test_hidden_keys_weigh_nothing(student):
    """The keys that the mask allows share everything."""
    q, k, v = torch.zeros(1, 3), torch.ones(4, 3), torch.eye(4)
    mask = torch.tensor([[True, True, False, False]])
    _, weights = student.scaled_dot_product_attention(q, k, v, mask)
    assert_parity(weights, torch.tensor([[0.5, 0.5, 0.0, 0.0]]), what="attention weights")


def make_copying_heads(student, d_model, num_heads):
    """Heads whose layers all hand on what they get."""
    heads = student.MultiHeadAttention(d_model, num_heads)
    state = {f"W_{name}.weight": torch.eye(d_model) for name in "qkvo"}
    heads.load_state_dict(state | {f"W_{name}.bias": torch.zeros(d_model) for name in "qkvo"})
    return heads


@pytest.mark.todo("attention.multihead")
@pytest.mark.shape
def test_heads_return_a_tensor_like_the_query(student, draw):
    """Three queries and five keys give three outputs."""
    heads = student.MultiHeadAttention(8, 2)
    output = heads(draw.tensor(2, 3, 8), draw.tensor(2, 5, 8), draw.tensor(2, 5, 8))
    assert_shape(output, (2, 3, 8), what="output")


@pytest.mark.todo("attention.multihead")
@pytest.mark.behaviour
def test_heads_obey_a_mask(student, draw):
    """Where a sentence may look at one position only, every head brings that position's value home."""
    x = draw.tensor(2, 3, 8)
    mask = torch.zeros(2, 3, 3, dtype=torch.bool)
    mask[0, :, 1] = True
    mask[1, :, 2] = True
    output = make_copying_heads(student, 8, 4)(x, x, x, mask)
    expected = torch.stack([x[0, 1].expand(3, 8), x[1, 2].expand(3, 8)])
    assert_parity(output, expected, what="output")


@pytest.mark.todo("attention.multihead")
@pytest.mark.behaviour
def test_heads_look_at_different_places(student):
    """The first head looks for the first key, the second head for the second one."""
    query = torch.tensor([[[200.0, 0.0, 200.0, 0.0]]])
    key = torch.tensor([[[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]]])
    value = torch.tensor([[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]])
    output = make_copying_heads(student, 4, 2)(query, key, value)
    assert_parity(output, torch.tensor([[[1.0, 2.0, 7.0, 8.0]]]), what="output")


@pytest.mark.todo("positions")
@pytest.mark.parity
def test_first_rows_of_the_table(student):
    """Row 0 is 0 1 0 1; row 1 begins with the sine and the cosine of 1."""
    table = student.sinusoidal_positions(2, 4)
    expected = [[0.0, 1.0, 0.0, 1.0], [math.sin(1), math.cos(1), math.sin(0.01), math.cos(0.01)]]
    assert_parity(table.float(), torch.tensor(expected), what="positions")


@pytest.mark.todo("positions")
@pytest.mark.shape
def test_table_of_an_odd_model(student):
    """An odd d_model works, too."""
    assert_shape(student.sinusoidal_positions(6, 5), (6, 5), what="positions")


@pytest.mark.todo("mask.causal")
@pytest.mark.parity
def test_mask_of_three(student):
    """The second of three positions sees the first one and itself."""
    expected = torch.tensor([[True, False, False], [True, True, False], [True, True, True]])
    assert_parity(student.causal_mask(3), expected, what="mask")


@pytest.mark.todo("block.encoder")
@pytest.mark.behaviour
def test_encoder_block_ends_normalised(student, draw):
    """Each position of the output has mean 0 and variance 1."""
    block = student.EncoderBlock(8, 2, 16)
    block.eval()
    output = block(3 * draw.tensor(2, 5, 8)).detach()
    assert_shape(output, (2, 5, 8), what="output")
    assert_parity(output.mean(-1), torch.zeros(2, 5), what="mean of each position")
    assert (output.var(-1, unbiased=False) - 1).abs().max() < 1e-2, "each position should have variance 1"


@pytest.mark.todo("block.decoder")
@pytest.mark.behaviour
def test_decoder_block_looks_at_the_memory(student, draw):
    """The output is shaped like the target, and another memory gives another output."""
    block = student.DecoderBlock(8, 2, 16)
    block.eval()
    x, memory = draw.tensor(2, 3, 8), draw.tensor(2, 5, 8)
    first, second = (block(x, source).detach() for source in (memory, memory.flip(-1)))
    assert_shape(first, (2, 3, 8), what="output")
    assert not torch.allclose(first, second), "the memory makes no difference"


class CountingModel(torch.nn.Module):
    """The next token is the number of tokens so far."""

    def forward(self, src, tgt):
        return torch.eye(20, device=tgt.device)[1 : tgt.shape[1] + 1].unsqueeze(0)


@pytest.mark.todo("decode.greedy")
@pytest.mark.behaviour
def test_counting_up_to_the_end(student):
    """A model that counts its tokens writes 1 2 3, and 3 is the end."""
    model = student.define(CountingModel)()
    ids = student.greedy_decode(model, torch.tensor([[7, 7]]), 0, 3)
    assert [int(token) for token in ids] == [0, 1, 2, 3], "expected the start token 0, then 1, 2 and the end token 3"


@pytest.mark.todo("bug.classes")
@pytest.mark.parity
def test_losses_of_two_tokens(student):
    """The first position gives its token one half, the second gives its token an eighth."""
    logits = torch.tensor([[[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]]]).log()
    found = student.token_losses(logits, torch.tensor([[0, 2]]))
    assert_parity(found, torch.tensor([[2.0, 8.0]]).log(), what="the losses")


@pytest.mark.todo("bug.stack")
@pytest.mark.shape
def test_stack_keeps_the_width(student):
    """Two layers of width 4."""
    assert_shape(student.Stack(4, 2)(torch.zeros(3, 4)), (3, 4), what="output")
