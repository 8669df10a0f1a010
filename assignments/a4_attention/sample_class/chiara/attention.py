"""Attention: Luong and Bahdanau scores, and the decoders that use them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Token ids and the longest output of the batched decoder (the last part of this file).
SOS_TOKEN = 0
EOS_TOKEN = 1
MAX_LENGTH = 10


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


class LuongAttention(nn.Module):
    """Compare the decoder's state with every encoder output, and mix the outputs by how well they match."""

    def __init__(self, hidden_size: int):
        super().__init__()
        self.W_a = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, h_t: Tensor, encoder_outputs: Tensor) -> tuple[Tensor, Tensor]:
        """From h_t [H] and encoder_outputs [S, H] to (context_vector [H], attention_weights [S])."""
        # TODO luong.score: how well h_t matches each source position, [S]
        attention_scores = FIXME("luong.score")

        # TODO luong.weights: turn the scores into positive weights over the source positions that sum to 1, [S]
        attention_weights = FIXME("luong.weights")

        # TODO luong.context: the sum of the encoder outputs, each weighted by its attention weight, [H]
        context_vector = FIXME("luong.context")
        return context_vector, attention_weights


class LSTMEncoder(nn.Module):
    """Read the source from left to right (given: this is the encoder of the previous assignment)."""

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_size: int, num_layers: int, bidirectional: bool):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_size, num_layers, bidirectional=bidirectional)

    def forward(self, input_ids: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """From input_ids [S] to (hidden_states [S, H], (h_n [L, H], c_n [L, H]))."""
        return self.lstm(self.word_embeddings(input_ids))


class AttentionDecoder(nn.Module):
    """Write the target token by token, looking back at the source before each one."""

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
        self.attn = LuongAttention(hidden_size)
        self.W_c = nn.Linear(2 * hidden_size, hidden_size)
        self.fully_connected_layer = nn.Linear(hidden_size, vocab_size)

    def forward(
        self, init_hidden_state: Tensor, init_cell_state: Tensor, encoder_outputs: Tensor, max_len: int = 10
    ) -> tuple[Tensor, list[int]]:
        """From two states [1, H] and encoder_outputs [S, H] to (logits [n, V], token ids that begin with the start token).

        Decoding is greedy. It stops after max_len predictions, or after the end token, which is kept in the
        ids and never fed back. Where nothing is predicted the logits are empty, [0, V].
        """
        # TODO decoder.attentional: repeat until the end token or max_len:
        #   1. embed the previous token and run one step of self.lstm with the carried states
        #   2. ask self.attn with the new h_t for the context vector
        #   3. attentional state = tanh(W_c [h_t; context]), logits = fully_connected_layer of it
        #   4. the most likely token is the next one
        return FIXME("decoder.attentional")


class AttentionSeq2Seq(nn.Module):
    """An LSTM encoder and an attending decoder, joined."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, input_ids: Tensor) -> tuple[Tensor, list[int]]:
        """From input_ids [S] to the decoder's (logits [n, V], token ids)."""
        # TODO attention.seq2seq: encode, then decode from the encoder's two last states and all its outputs
        return FIXME("attention.seq2seq")


class BahdanauAttention(nn.Module):
    """Score every key with a small network, and mix the keys by their scores."""

    def __init__(self, hidden_size: int):
        super().__init__()
        self.Wa = nn.Linear(hidden_size, hidden_size)
        self.Ua = nn.Linear(hidden_size, hidden_size)
        self.Va = nn.Linear(hidden_size, 1)

    def forward(self, query: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
        """From query [B, 1, H] and keys [B, S, H] to (context [B, 1, H], weights [B, 1, S])."""
        # TODO bahdanau: scores Va tanh(Wa query + Ua keys), softmax over S, weights times keys
        return FIXME("bahdanau")


class AttnDecoderRNN(nn.Module):
    """A batched GRU decoder that attends before each step."""

    def __init__(self, hidden_size: int, output_size: int, dropout_p: float = 0.1):
        super().__init__()
        self.embedding = nn.Embedding(output_size, hidden_size)
        self.attention = BahdanauAttention(hidden_size)
        self.gru = nn.GRU(2 * hidden_size, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, output_size)
        self.dropout = nn.Dropout(dropout_p)

    def forward(
        self, encoder_outputs: Tensor, encoder_hidden: Tensor, target_tensor: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """From encoder_outputs [B, S, H], encoder_hidden [1, B, H] and a target [B, T] to
        (log_probs [B, T, V], hidden [1, B, H], attentions [B, T, S]).

        With a target, step t reads the target's token t - 1. Without one it reads the decoder's own last
        prediction, for MAX_LENGTH steps. The first input is SOS_TOKEN either way.
        """
        # TODO attndecoder.decode: run forward_step T times (or MAX_LENGTH times), collect outputs and weights
        return FIXME("attndecoder.decode")

    def forward_step(self, input: Tensor, hidden: Tensor, encoder_outputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """From input [B, 1], hidden [1, B, H] and encoder_outputs [B, S, H] to
        (output [B, 1, V], hidden [1, B, H], weights [B, 1, S])."""
        # TODO attndecoder.step: embed with dropout, attend with the previous state, GRU over [embedded; context], out
        return FIXME("attndecoder.step")


def masked_weights(scores: Tensor, lengths: Tensor) -> Tensor:
    """From scores [B, S] and lengths [B] (each at least 1) to weights [B, S]: zero on padding, rows sum to 1."""
    # TODO masking: hide the padded positions before the softmax
    return FIXME("masking")


def attend_rows(query, keys):
    return FIXME("bug.axis")


def bug_in_attend_rows():
    return FIXME("bug.axis")


def additive_scores(query, keys, W, U, v):
    return FIXME("bug.query")


def bug_in_additive_scores():
    return FIXME("bug.query")
