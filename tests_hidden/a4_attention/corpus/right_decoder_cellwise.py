"""The attending decoder batched inside, with ids as a tensor, two halves of W_c and an early return."""
import torch
import torch.nn.functional as F
from torch import nn


class AttentionDecoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_layers, bidirectional, start_token_id, end_token_id):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_size, num_layers, batch_first=True)
        self.attn = LuongAttention(hidden_size)
        self.W_c = nn.Linear(hidden_size * 2, hidden_size)
        self.fully_connected_layer = nn.Linear(hidden_size, vocab_size)
        self.start, self.end = start_token_id, end_token_id

    def forward(self, init_hidden_state, init_cell_state, encoder_outputs, max_len=10):
        H = init_hidden_state.shape[-1]
        ids = torch.full((1,), self.start, dtype=torch.long, device=init_hidden_state.device)
        rows = init_hidden_state.new_zeros((0, self.fully_connected_layer.out_features))
        states = (init_hidden_state.unsqueeze(1), init_cell_state.unsqueeze(1))
        while rows.size(0) < max_len and ids[-1] != self.end:
            x = self.word_embeddings(ids[-1]).view(1, 1, -1)
            out, states = self.lstm(x, states)
            h = out.view(-1)
            context = self.attn(h, encoder_outputs)[0]
            left, right = self.W_c.weight[:, :H], self.W_c.weight[:, H:]
            mixed = F.linear(h, left, self.W_c.bias) + F.linear(context, right)
            row = self.fully_connected_layer(torch.tanh(mixed))
            rows = torch.cat((rows, row.view(1, -1)), dim=0)
            ids = torch.cat((ids, row.argmax(-1).view(1)))
        return rows, ids
