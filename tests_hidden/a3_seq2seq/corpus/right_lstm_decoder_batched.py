"""The LSTM decoder with a batch of one inside, ids as a tensor, rows in a growing tensor."""
import torch
from torch import nn


class LSTMDecoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_layers, bidirectional, start_token_id, end_token_id):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_size, num_layers, batch_first=True)
        self.fully_connected_layer = nn.Linear(hidden_size, vocab_size)
        self.start, self.end = start_token_id, end_token_id

    def forward(self, init_hidden_state, init_cell_state, max_len=10):
        state = (init_hidden_state.unsqueeze(1), init_cell_state.unsqueeze(1))
        ids = torch.full((1,), self.start, dtype=torch.long, device=init_hidden_state.device)
        rows = init_hidden_state.new_zeros((0, self.fully_connected_layer.out_features))
        while rows.size(0) < max_len and ids[-1] != self.end:
            out, state = self.lstm(self.word_embeddings(ids[-1]).view(1, 1, -1), state)
            row = self.fully_connected_layer(out).view(1, -1)
            rows = torch.cat((rows, row), dim=0)
            ids = torch.cat((ids, row.argmax(-1)))
        return rows, ids
