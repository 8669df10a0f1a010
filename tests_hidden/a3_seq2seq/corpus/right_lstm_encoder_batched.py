"""The LSTM encoder with a batch of one inside and lists as results."""
from torch import nn


class LSTMEncoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_layers, bidirectional):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_size, num_layers, bidirectional=bidirectional, batch_first=True)

    def forward(self, input_ids):
        out, states = self.lstm(self.word_embeddings(input_ids[None]))
        return out[0], [state[:, 0] for state in states]
