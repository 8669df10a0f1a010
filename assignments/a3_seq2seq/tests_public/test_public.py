"""Your own quick check: small examples whose answers can be worked out on paper."""

import pytest
import torch
from torch import nn

from grader.examiner import assert_parity, assert_shape


class OneStateEncoder(nn.Module):
    """An encoder whose answer is known."""

    def forward(self, input_ids):
        hidden_states = input_ids.unsqueeze(-1) * torch.ones(1, 2)
        return hidden_states, hidden_states[-1:]


class OneStateDecoder(nn.Module):
    """A decoder that gives back the state that it was given."""

    def forward(self, init_hidden_state, max_len=10):
        return init_hidden_state, [1, 2]


class TwoStateEncoder(nn.Module):
    """An encoder with two last states."""

    def forward(self, input_ids):
        hidden_states = input_ids.unsqueeze(-1) * torch.ones(1, 2)
        return hidden_states, (hidden_states[-1:], torch.zeros(1, 2))


class TwoStateDecoder(nn.Module):
    """A decoder that gives back the two states that it was given."""

    def forward(self, init_hidden_state, init_cell_state, max_len=10):
        return torch.cat([init_hidden_state, init_cell_state]), [1, 2]


class Guess(nn.Module):
    """Encoder and decoder in one: says the same of every token, whatever it reads."""

    def __init__(self):
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(4))

    def forward(self, source, hidden=None, target_tensor=None):
        if target_tensor is None:
            return torch.zeros(*source.shape, 1), torch.zeros(1, len(source), 1)
        return torch.log_softmax(self.scores, 0).expand(*target_tensor.shape, 4), hidden, None


def make_guess_optimizers(module):
    """One optimizer in a list."""
    return [torch.optim.SGD(module.parameters(), lr=0.1)]


def make_criterion():
    """The loss of log-probabilities."""
    return nn.NLLLoss()


def make_decoder(cls):
    """A decoder whose end token is never met."""
    return cls(
        vocab_size=7,
        embedding_dim=3,
        hidden_size=2,
        num_layers=1,
        bidirectional=False,
        start_token_id=5,
        end_token_id=7,
    )


@pytest.mark.todo("encoder.outputs")
@pytest.mark.shape
def test_shapes_of_the_encoder(student):
    """Four tokens through two layers give [4, H] and [2, H]."""
    hidden_states, h_n = student.RNNEncoder(9, 3, 5, 2, False)(torch.tensor([1, 2, 3, 4]))
    assert_shape(hidden_states, (4, 5), what="hidden states")
    assert_shape(h_n, (2, 5), what="last hidden state")


@pytest.mark.todo("decoder.step")
@pytest.mark.behaviour
def test_ids_are_the_greedy_choices(student):
    """Three predictions give three rows of logits, and ids that begin with the start token."""
    logits, token_ids = make_decoder(student.RNNDecoder)(torch.zeros(1, 2), max_len=3)
    assert_shape(logits, (3, 7), what="logits")
    assert [int(token) for token in token_ids] == [5, *logits.detach().argmax(-1).tolist()], "the ids are the greedy choices"


@pytest.mark.todo("seq2seq")
@pytest.mark.parity
def test_the_last_state_is_the_context(student):
    """The decoder gets the encoder's last hidden state."""
    logits, _ = student.RNNSeq2Seq(student.define(OneStateEncoder)(), student.define(OneStateDecoder)())(torch.tensor([4, 6]))
    assert_parity(logits.detach(), torch.tensor([[6.0, 6.0]]), what="what the decoder was given")


@pytest.mark.todo("lstm.cell")
@pytest.mark.parity
def test_cell_with_zero_weights(student):
    """With zero weights every gate is half open and nothing is written: c halves, and h is 0.5 tanh(c / 2)."""
    zeros = torch.zeros(8, 3), torch.zeros(8, 2), torch.zeros(8), torch.zeros(8)
    h, c = student.lstm_cell(torch.ones(3), torch.ones(2), torch.tensor([2.0, -4.0]), *zeros)
    assert_parity(c, torch.tensor([1.0, -2.0]), what="new cell state")
    assert_parity(h, 0.5 * torch.tensor([1.0, -2.0]).tanh(), what="new hidden state")


@pytest.mark.todo("lstm.encoder")
@pytest.mark.shape
def test_shapes_of_the_lstm_encoder(student):
    """Four tokens through one layer give [4, H] and two states [1, H]."""
    hidden_states, (h_n, c_n) = student.LSTMEncoder(9, 3, 5, 1, False)(torch.tensor([1, 2, 3, 4]))
    assert_shape(hidden_states, (4, 5), what="hidden states")
    assert_shape(h_n, (1, 5), what="last hidden state")
    assert_shape(c_n, (1, 5), what="last cell state")


@pytest.mark.todo("lstm.decoder")
@pytest.mark.behaviour
def test_lstm_ids_are_the_greedy_choices(student):
    """Three predictions give three rows of logits, and ids that begin with the start token."""
    logits, token_ids = make_decoder(student.LSTMDecoder)(torch.zeros(1, 2), torch.zeros(1, 2), max_len=3)
    assert_shape(logits, (3, 7), what="logits")
    assert [int(token) for token in token_ids] == [5, *logits.detach().argmax(-1).tolist()], "the ids are the greedy choices"


@pytest.mark.todo("lstm.seq2seq")
@pytest.mark.parity
def test_both_last_states_are_the_context(student):
    """The decoder gets the last hidden state and the last cell state, in this order."""
    model = student.LSTMSeq2Seq(student.define(TwoStateEncoder)(), student.define(TwoStateDecoder)())
    logits, _ = model(torch.tensor([4, 6]))
    assert_parity(logits.detach(), torch.tensor([[6.0, 6.0], [0.0, 0.0]]), what="what the decoder was given")


@pytest.mark.todo("gru.step")
@pytest.mark.shape
def test_shapes_of_a_step(student):
    """One step gives [B, 1, V] and [1, B, H]."""
    output, hidden = student.DecoderRNN(4, 7).forward_step(torch.zeros(2, 1, dtype=torch.long), torch.zeros(1, 2, 4))
    assert_shape(output, (2, 1, 7), what="output")
    assert_shape(hidden, (1, 2, 4), what="hidden")


@pytest.mark.todo("gru.decode")
@pytest.mark.shape
def test_a_target_decides_the_length(student):
    """Three target tokens give three steps; without a target there are ten."""
    decoder = student.DecoderRNN(4, 7)
    outputs, hidden = torch.ones(2, 5, 4), torch.zeros(1, 2, 4)
    assert_shape(decoder(outputs, hidden, torch.ones(2, 3, dtype=torch.long))[0], (2, 3, 7), what="log-probabilities")
    assert_shape(decoder(outputs, hidden)[0], (2, 10, 7), what="log-probabilities of a free run")


@pytest.mark.todo("training")
@pytest.mark.parity
def test_loss_of_a_blind_guess(student):
    """A model that has learned nothing of four tokens has the loss log 4, and less after a step."""
    guess = student.define(Guess)()
    optimizers, criterion = student.define(make_guess_optimizers)(guess), student.define(make_criterion)()
    pairs = [(torch.ones(2, 3, dtype=torch.long), torch.full((2, 3), 2))]
    losses = [float(student.train_epoch(pairs, guess, guess, optimizers, criterion)) for _ in range(2)]
    assert_parity(torch.tensor(losses[0]), torch.tensor(4.0).log(), what="first loss")
    assert losses[1] < losses[0], "the loss should fall after a step"


def halving_step(token, state):
    """The end token has one half, whatever was read; 0 and 2 share the rest."""
    return torch.tensor([0.25, 0.5, 0.25]).log(), state


@pytest.mark.todo("bug.end")
@pytest.mark.parity
def test_loss_of_two_tokens(student):
    """The target is 2 and the end token, then padding: the mean of ln 4 and ln 2."""
    step = student.define(halving_step)
    found = student.sentence_loss(step, torch.zeros(1), torch.tensor([2, 1, 2]))
    assert_parity(found, torch.tensor([4.0, 2.0]).log().mean(), what="the loss")


@pytest.mark.todo("bug.top")
@pytest.mark.parity
def test_top_of_two_layers(student):
    """The rows are layer 1 forward and backward, layer 2 forward and backward."""
    found = student.top_states(torch.tensor([[1.0], [2.0], [3.0], [4.0]]))
    assert_parity(found, torch.tensor([3.0, 4.0]), what="the states")
