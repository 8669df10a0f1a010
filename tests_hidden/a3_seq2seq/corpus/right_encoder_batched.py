"""The RNN encoder with a batch of one inside, batch_first, and the functional embedding."""
import torch.nn.functional as F
from torch import nn


class RNNEncoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_layers, bidirectional):
        super(RNNEncoder, self).__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.RNN(embedding_dim, hidden_size, num_layers=num_layers, bidirectional=bidirectional, batch_first=True)

    def forward(self, input_ids):
        x = F.embedding(input_ids, self.word_embeddings.weight).unsqueeze(0)
        out, h = self.rnn(x)
        return out.squeeze(0), h.squeeze(1)
