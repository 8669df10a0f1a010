"""The RNN decoder as a lab notebook has it: no num_layers, no_grad, logits of the last state, nothing for empty output."""
import torch
from torch import nn


class RNNDecoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, start_token_id, end_token_id):
        super().__init__()
        self.start_token_id = start_token_id
        self.end_token_id = end_token_id
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.RNN(embedding_dim, hidden_size)
        self.fully_connected_layer = nn.Linear(hidden_size, vocab_size)

    @torch.no_grad()
    def forward(self, init_hidden_state, max_len=10):
        current_id = torch.tensor([self.start_token_id]).to(init_hidden_state.device)
        h = init_hidden_state
        token_ids, all_logits = [self.start_token_id], []
        while len(all_logits) < max_len:
            _, h = self.rnn(self.word_embeddings(current_id), h)
            logits = self.fully_connected_layer(h.squeeze(0))
            current_id = torch.argmax(logits).unsqueeze(0)
            all_logits.append(logits)
            token_ids.append(current_id.item())
            if current_id == self.end_token_id:
                break
        return torch.stack(all_logits), token_ids
