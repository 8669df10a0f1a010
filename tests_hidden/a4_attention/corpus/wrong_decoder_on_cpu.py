"""The tokens are made on the CPU, wherever the model is."""
import torch
import torch.nn.functional as F
from torch import nn


class AttentionDecoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_layers, bidirectional, start_token_id, end_token_id):
        super().__init__()
        self.start_token_id = start_token_id
        self.end_token_id = end_token_id
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_size, num_layers)
        self.attn = LuongAttention(hidden_size)
        self.W_c = nn.Linear(hidden_size * 2, hidden_size)
        self.fully_connected_layer = nn.Linear(hidden_size, vocab_size)

    def forward(self, init_hidden_state, init_cell_state, encoder_outputs, max_len=10):
        device = encoder_outputs.device
        hidden_state, cell_state = init_hidden_state, init_cell_state
        current_id = torch.tensor([self.start_token_id])
        token_ids, logits = [self.start_token_id], []
        for _ in range(max_len):
            emb = self.word_embeddings(current_id)
            output, (hidden_state, cell_state) = self.lstm(emb, (hidden_state, cell_state))
            h_t = output.squeeze(0)
            context_vector, attention_weights = self.attn(h_t, encoder_outputs)
            concat = torch.cat((h_t, context_vector), dim=-1)
            h_tilde = torch.tanh(self.W_c(concat))
            logit = self.fully_connected_layer(h_tilde)
            logits.append(logit)
            current_id = logit.argmax().view(1).cpu()
            token_ids.append(current_id.item())
            if token_ids[-1] == self.end_token_id:
                break
        return torch.stack(logits), token_ids
