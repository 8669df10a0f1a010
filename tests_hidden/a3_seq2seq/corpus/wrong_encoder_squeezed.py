"""The last state loses its first dimension."""
import torch
from torch import nn


class RNNEncoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_layers, bidirectional):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.RNN(embedding_dim, hidden_size, num_layers, bidirectional=bidirectional)

    def forward(self, input_ids):
        embeddings = self.word_embeddings(input_ids)
        hidden_states, h_n = self.rnn(embeddings)
        return hidden_states, h_n.squeeze(0)
