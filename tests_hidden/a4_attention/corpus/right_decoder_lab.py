"""The attending decoder as a lab notebook has it: no num_layers, W_c without bias, no_grad, nothing for empty output."""
import torch
from torch import nn


class AttentionDecoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, start_token_id, end_token_id):
        super().__init__()
        self.start_token_id = start_token_id
        self.end_token_id = end_token_id
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_size)
        self.attn = LuongAttention(hidden_size)
        self.W_c = nn.Linear(hidden_size * 2, hidden_size, bias=False)
        self.fully_connected_layer = nn.Linear(hidden_size, vocab_size)

    @torch.no_grad()
    def forward(self, init_hidden_state, init_cell_state, encoder_outputs, max_len=10):
        current_id = torch.tensor([self.start_token_id]).to(encoder_outputs.device)
        hidden_state, cell_state = init_hidden_state, init_cell_state
        token_ids, logits = [self.start_token_id], []
        while len(logits) < max_len:
            emb = self.word_embeddings(current_id)
            output, (hidden_state, cell_state) = self.lstm(emb, (hidden_state, cell_state))
            h_t = hidden_state.squeeze(0)
            context_vector, attention_weights = self.attn(h_t, encoder_outputs)
            h_tilde = torch.tanh(self.W_c(torch.cat((h_t, context_vector), dim=0)))
            logit = self.fully_connected_layer(h_tilde)
            logits.append(logit)
            current_id = torch.argmax(logit).unsqueeze(0)
            token_ids.append(current_id.item())
            if current_id.item() == self.end_token_id:
                break
        return torch.stack(logits), token_ids
