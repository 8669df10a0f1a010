"""The weights are collected in a tensor that is always made on the CPU, and the context brings them back."""

import torch
from torch import nn


class LuongAttention(nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.W_a = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, h_t, encoder_outputs):
        attention_scores = encoder_outputs @ self.W_a(h_t)
        attention_weights = torch.zeros(len(encoder_outputs))
        attention_weights[:] = torch.softmax(attention_scores, dim=0)
        context_vector = attention_weights.to(h_t.device) @ encoder_outputs
        return context_vector, attention_weights
