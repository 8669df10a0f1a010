"""Your own quick check: small examples whose answers can be worked out on paper."""

import pytest
import torch
from torch import nn

from grader.examiner import assert_parity, assert_shape

# Three source positions in two dimensions.
SOURCE = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


class SourceEncoder(nn.Module):
    """An encoder whose answer is known."""

    def forward(self, input_ids):
        return input_ids.unsqueeze(-1) * torch.ones(1, 2), (torch.ones(1, 2), torch.zeros(1, 2))


class EchoDecoder(nn.Module):
    """A decoder that gives back what it was given."""

    def forward(self, init_hidden_state, init_cell_state, encoder_outputs, max_len=10):
        return torch.cat([init_hidden_state, init_cell_state, encoder_outputs]), [1, 2]


def make_identity_attention(student):
    """Luong attention whose W_a changes nothing."""
    attention = student.LuongAttention(2)
    attention.load_state_dict({"W_a.weight": torch.eye(2)})
    return attention


@pytest.mark.todo("luong.score")
@pytest.mark.parity
def test_score_is_a_dot_product(student):
    """With W_a the identity and h_t = [log 2, 0] the scores are log 2, 0 and log 2: weights 2 : 1 : 2."""
    h_t = torch.tensor([2.0, 1.0]).log()
    _, weights = make_identity_attention(student)(h_t, SOURCE)
    ratios = (weights / weights.reshape(-1)[1]).detach().reshape(-1)
    assert_parity(ratios, torch.tensor([2.0, 1.0, 2.0]), what="ratios of the weights")


@pytest.mark.todo("luong.weights")
@pytest.mark.behaviour
def test_equal_scores_share_equally(student):
    """With h_t = 0 every position gets the same weight, and the weights sum to 1."""
    _, weights = make_identity_attention(student)(torch.zeros(2), SOURCE)
    assert_parity(weights.detach(), torch.full((3,), 1 / 3), what="attention weights")


@pytest.mark.todo("luong.context")
@pytest.mark.parity
def test_context_of_equal_weights_is_the_mean(student):
    """With equal weights the context is the mean of the encoder outputs."""
    context, _ = make_identity_attention(student)(torch.zeros(2), SOURCE)
    assert_parity(context.detach(), torch.tensor([2 / 3, 2 / 3]), what="context vector")


@pytest.mark.todo("decoder.attentional")
@pytest.mark.behaviour
def test_ids_begin_with_the_start_token(student):
    """Three predictions give three rows of logits, and ids that begin with the start token."""
    decoder = student.AttentionDecoder(
        vocab_size=7,
        embedding_dim=3,
        hidden_size=2,
        num_layers=1,
        bidirectional=False,
        start_token_id=5,
        end_token_id=7,  # no such token: decoding goes on to max_len
    )
    logits, token_ids = decoder(torch.zeros(1, 2), torch.zeros(1, 2), SOURCE, max_len=3)
    assert_shape(logits, (3, 7), what="logits")
    assert [int(token) for token in token_ids] == [5, *logits.detach().argmax(-1).tolist()], "the ids are the greedy choices"


@pytest.mark.todo("attention.seq2seq")
@pytest.mark.parity
def test_decoder_receives_states_and_outputs(student):
    """The decoder gets the hidden state, the cell state and all encoder outputs, in this order."""
    model = student.AttentionSeq2Seq(student.define(SourceEncoder)(), student.define(EchoDecoder)())
    logits, _ = model(torch.tensor([4, 6]))
    assert_parity(logits.detach(), torch.tensor([[1.0, 1], [0, 0], [4, 4], [6, 6]]), what="what the decoder was given")


@pytest.mark.todo("bahdanau")
@pytest.mark.behaviour
def test_equal_keys_share_equally(student):
    """Equal keys get equal weights, whatever the query, and the context is that key."""
    attention = student.BahdanauAttention(4)
    context, weights = attention(torch.randn(2, 1, 4), torch.ones(2, 5, 4))
    assert_parity(weights.detach(), torch.full((2, 1, 5), 0.2), what="attention weights")
    assert_parity(context.detach(), torch.ones(2, 1, 4), what="context")


@pytest.mark.todo("attndecoder.step")
@pytest.mark.shape
def test_shapes_of_a_step(student):
    """One step gives [B, 1, V], [1, B, H] and [B, 1, S]."""
    decoder = student.AttnDecoderRNN(4, 7).eval()
    output, hidden, weights = decoder.forward_step(torch.zeros(2, 1, dtype=torch.long), torch.zeros(1, 2, 4), torch.ones(2, 5, 4))
    assert_shape(output, (2, 1, 7), what="output")
    assert_shape(hidden, (1, 2, 4), what="hidden")
    assert_shape(weights, (2, 1, 5), what="weights")


@pytest.mark.todo("attndecoder.decode")
@pytest.mark.shape
def test_a_target_decides_the_length(student):
    """Three target tokens give three steps; without a target there are ten."""
    decoder = student.AttnDecoderRNN(4, 7).eval()
    outputs, hidden = torch.ones(2, 5, 4), torch.zeros(1, 2, 4)
    assert_shape(decoder(outputs, hidden, torch.ones(2, 3, dtype=torch.long))[0], (2, 3, 7), what="log-probabilities")
    assert_shape(decoder(outputs, hidden)[0], (2, 10, 7), what="log-probabilities of a free run")


@pytest.mark.todo("masking")
@pytest.mark.parity
def test_padding_gets_nothing(student):
    """Equal scores are shared by the real positions alone."""
    weights = student.masked_weights(torch.zeros(2, 4), torch.tensor([4, 2]))
    assert_parity(weights, torch.tensor([[0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0]]), what="masked weights")


@pytest.mark.todo("bug.axis")
@pytest.mark.parity
def test_a_batch_of_one(student):
    """Scores 0 and ln 3: the second key has three quarters of the weight."""
    keys = torch.tensor([[[0.0, 4.0], [1.0, 8.0]]])
    found = student.attend_rows(torch.tensor([[3.0, 1.0]]).log(), keys)
    assert_parity(found, torch.tensor([[0.75, 7.0]]), what="the context")


@pytest.mark.todo("bug.query")
@pytest.mark.parity
def test_additive_scores_of_one_number(student):
    """Query 1, keys 1 and -1, all weights 1: tanh 2 and tanh 0."""
    one = torch.ones(1, 1)
    found = student.additive_scores(torch.ones(1), torch.tensor([[1.0], [-1.0]]), one, one, torch.ones(1))
    assert_parity(found, torch.tensor([2.0, 0.0]).tanh(), what="the scores")
