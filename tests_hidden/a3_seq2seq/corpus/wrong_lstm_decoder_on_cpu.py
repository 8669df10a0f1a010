"""The tokens are made on the CPU, wherever the model is."""
import torch
import torch.nn.functional as F
from torch import nn


class LSTMDecoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_layers, bidirectional, start_token_id, end_token_id):
        super().__init__()
        self.start_token_id = start_token_id
        self.end_token_id = end_token_id
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_size, num_layers)
        self.fully_connected_layer = nn.Linear(hidden_size, vocab_size)

    def forward(self, init_hidden_state, init_cell_state, max_len=10):
        device = init_hidden_state.device
        hidden_state, cell_state = init_hidden_state, init_cell_state
        current_id = torch.tensor([self.start_token_id])
        token_ids, logits = [self.start_token_id], []
        for _ in range(max_len):
            emb = self.word_embeddings(current_id)
            output, (hidden_state, cell_state) = self.lstm(emb, (hidden_state, cell_state))
            logit = self.fully_connected_layer(output.squeeze(0))
            logits.append(logit)
            current_id = logit.argmax().view(1).cpu()
            token_ids.append(current_id.item())
            if token_ids[-1] == self.end_token_id:
                break
        return torch.stack(logits), token_ids
