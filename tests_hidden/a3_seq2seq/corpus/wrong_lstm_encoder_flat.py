"""Three results instead of a pair in a pair."""
import torch
from torch import nn


class LSTMEncoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_layers, bidirectional):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_size, num_layers, bidirectional=bidirectional)

    def forward(self, input_ids):
        hidden_states, (h_n, c_n) = self.lstm(self.word_embeddings(input_ids))
        return hidden_states, h_n, c_n
