"""Sequence to sequence: RNN, LSTM and GRU encoders and decoders, and how they are trained."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Token ids and the longest output of the batched GRU decoder.
SOS_TOKEN = 0
EOS_TOKEN = 1
MAX_LENGTH = 10


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


class RNNEncoder(nn.Module):
    """Read the source from left to right, or in both directions."""

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_size: int, num_layers: int, bidirectional: bool):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.RNN(embedding_dim, hidden_size, num_layers, bidirectional=bidirectional)

    def forward(self, input_ids: Tensor) -> tuple[Tensor, Tensor]:
        """From input_ids [S] to (hidden_states [S, H], h_n [L, H]); H doubles where both directions are read."""
        # TODO encoder.outputs: the hidden state of every position, and the last one of every layer and direction
        return FIXME("encoder.outputs")


class RNNDecoder(nn.Module):
    """Write the target token by token, each from the one before it and the carried state."""

    def __init__(
        self,
        vocab_size: int,
        embedding_dim: int,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,  # built like the encoder; a decoder cannot look ahead, so this is False
        start_token_id: int,
        end_token_id: int,
    ):
        super().__init__()
        self.vocab_size = vocab_size
        self.start_token_id = start_token_id
        self.end_token_id = end_token_id
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.RNN(embedding_dim, hidden_size, num_layers, bidirectional=bidirectional)
        self.fully_connected_layer = nn.Linear(hidden_size, vocab_size)

    def forward(self, init_hidden_state: Tensor, max_len: int = 10) -> tuple[Tensor, list[int]]:
        """From init_hidden_state [1, H] to (logits [n, V], token ids that begin with the start token).

        Decoding is greedy. It stops after max_len predictions, or after the end token, which is kept in the
        ids and never fed back. Where nothing is predicted the logits are empty, [0, V].
        """
        # TODO decoder.step: repeat until the end token or max_len:
        #   1. embed the previous token, and only that, and run one step of self.rnn with the carried state
        #   2. logits = fully_connected_layer of the new state
        #   3. the most likely token is the next one
        return FIXME("decoder.step")


class RNNSeq2Seq(nn.Module):
    """An RNN encoder and an RNN decoder, joined."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, input_ids: Tensor) -> tuple[Tensor, list[int]]:
        """From input_ids [S] to the decoder's (logits [n, V], token ids)."""
        # TODO seq2seq: the encoder's last hidden state is the context that the decoder starts from
        return FIXME("seq2seq")


def lstm_cell(
    x: Tensor, h: Tensor, c: Tensor, W_ih: Tensor, W_hh: Tensor, b_ih: Tensor, b_hh: Tensor
) -> tuple[Tensor, Tensor]:
    """One step from x [E], h [H] and c [H] to the new (h [H], c [H]); the gates are stacked as i, f, g, o in [4H, ...]."""
    # TODO lstm.cell: the four gates, the new cell state, the new hidden state (without nn.LSTM or nn.LSTMCell)
    return FIXME("lstm.cell")


class LSTMEncoder(nn.Module):
    """Read the source with an LSTM."""

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_size: int, num_layers: int, bidirectional: bool):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_size, num_layers, bidirectional=bidirectional)

    def forward(self, input_ids: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """From input_ids [S] to (hidden_states [S, H], (h_n [L, H], c_n [L, H]))."""
        # TODO lstm.encoder: as the RNN encoder, with two last states
        return FIXME("lstm.encoder")


class LSTMDecoder(nn.Module):
    """Write the target with an LSTM: the rules of RNNDecoder, with two carried states."""

    def __init__(
        self,
        vocab_size: int,
        embedding_dim: int,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,  # built like the encoder; a decoder cannot look ahead, so this is False
        start_token_id: int,
        end_token_id: int,
    ):
        super().__init__()
        self.vocab_size = vocab_size
        self.start_token_id = start_token_id
        self.end_token_id = end_token_id
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_size, num_layers, bidirectional=bidirectional)
        self.fully_connected_layer = nn.Linear(hidden_size, vocab_size)

    def forward(
        self, init_hidden_state: Tensor, init_cell_state: Tensor, max_len: int = 10
    ) -> tuple[Tensor, list[int]]:
        """From two states [1, H] to (logits [n, V], token ids that begin with the start token)."""
        # TODO lstm.decoder: as the RNN decoder, carrying the hidden and the cell state
        return FIXME("lstm.decoder")


class LSTMSeq2Seq(nn.Module):
    """An LSTM encoder and an LSTM decoder, joined."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, input_ids: Tensor) -> tuple[Tensor, list[int]]:
        """From input_ids [S] to the decoder's (logits [n, V], token ids)."""
        # TODO lstm.seq2seq: both last states of the encoder are the context
        return FIXME("lstm.seq2seq")


class DecoderRNN(nn.Module):
    """A batched GRU decoder."""

    def __init__(self, hidden_size: int, output_size: int):
        super().__init__()
        self.embedding = nn.Embedding(output_size, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, output_size)

    def forward(
        self, encoder_outputs: Tensor, encoder_hidden: Tensor, target_tensor: Tensor | None = None
    ) -> tuple[Tensor, Tensor, None]:
        """From encoder_outputs [B, S, H], encoder_hidden [1, B, H] and a target [B, T] to
        (log_probs [B, T, V], hidden [1, B, H], None). The first input is SOS_TOKEN."""
        # TODO gru.decode: run forward_step T times (or MAX_LENGTH times), then log_softmax over the vocabulary
        return FIXME("gru.decode")

    def forward_step(self, input: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """From input [B, 1] and hidden [1, B, H] to (output [B, 1, V], hidden [1, B, H])."""
        # TODO gru.step: embedding, relu, GRU, out
        return FIXME("gru.step")


def train_epoch(pairs, encoder: nn.Module, decoder: nn.Module, optimizers: list, criterion) -> float:
    """One pass over pairs of (source [B, S], target [B, T]); gives the mean of their losses."""
    # TODO training: fresh gradients, teacher forcing, loss, backward, one step of every optimizer, for each pair
    return FIXME("training")


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def sentence_loss(step, state, target):
#   2       token, losses = SOS_TOKEN, []
#   3       for right in target.tolist():
#   4           log_probs, state = step(token, state)
#   5           losses.append(-log_probs[right])
#   6           if log_probs.argmax() == EOS_TOKEN:
#   7               break
#   8           token = right
#   9       return torch.stack(losses).mean()


def sentence_loss(step, state: Tensor, target: Tensor) -> Tensor:
    """Return the mean loss of target [T], with teacher forcing, up to its first end token, which counts.

    step(token, state) takes the id of a token, and gives (log_probs [V], state).
    """
    # TODO bug.end: the function as it should be
    return FIXME("bug.end")


def bug_in_sentence_loss() -> int:
    """Return the number of the wrong line."""
    # TODO bug.end: its number
    return FIXME("bug.end")


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def top_states(h_n):
#   2       forward = h_n[0]
#   3       backward = h_n[-1]
#   4       return torch.cat([forward, backward])


def top_states(h_n: Tensor) -> Tensor:
    """Return [2H]: the last states of the top layer, forward and backward; h_n [2L,H] is what an nn.RNN that reads both ways gives."""
    # TODO bug.top: the function as it should be
    return FIXME("bug.top")


def bug_in_top_states() -> int:
    """Return the number of the wrong line."""
    # TODO bug.top: its number
    return FIXME("bug.top")
