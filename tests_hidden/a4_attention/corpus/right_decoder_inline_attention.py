"""The attending decoder that works the attention out itself from self.attn.W_a, by recursion."""
import torch
from torch import nn


class AttentionDecoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_layers, bidirectional, start_token_id, end_token_id):
        super().__init__()
        self.vocab_size, self.start_token_id, self.end_token_id = vocab_size, start_token_id, end_token_id
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_size, num_layers)
        self.attn = LuongAttention(hidden_size)
        self.W_c = nn.Linear(2 * hidden_size, hidden_size)
        self.fully_connected_layer = nn.Linear(hidden_size, vocab_size)

    def forward(self, init_hidden_state, init_cell_state, encoder_outputs, max_len=10):
        rows, ids = self.go_on([self.start_token_id], (init_hidden_state, init_cell_state), encoder_outputs, max_len)
        return (torch.stack(rows) if rows else init_hidden_state.new_zeros(0, self.vocab_size)), ids

    def go_on(self, ids, states, keys, steps_left):
        if steps_left == 0 or ids[-1] == self.end_token_id:
            return [], ids
        previous = torch.tensor(ids[-1:], device=keys.device)
        out, states = self.lstm(self.word_embeddings(previous), states)
        weights = torch.softmax(keys @ self.attn.W_a(out[0]), -1)
        mixed = self.W_c(torch.cat([out, (weights @ keys)[None]], dim=1)).tanh()
        row = self.fully_connected_layer(mixed)[0]
        rows, ids = self.go_on(ids + [row.argmax().item()], states, keys, steps_left - 1)
        return [row] + rows, ids
