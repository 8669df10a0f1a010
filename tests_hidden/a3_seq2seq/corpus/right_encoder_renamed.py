"""The RNN encoder with renamed layers, under no_grad, that returns a list."""
import torch
from torch import nn


class RNNEncoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_layers=1, bidirectional=False):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.encoder = nn.RNN(embedding_dim, hidden_size, num_layers, bidirectional=bidirectional)

    @torch.no_grad()
    def forward(self, input_ids):
        return list(self.encoder(self.embedding(input_ids)))
