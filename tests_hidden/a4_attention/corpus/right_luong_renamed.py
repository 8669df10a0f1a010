"""Luong attention with a renamed layer, W_a moved to the encoder side by transposing, weights through log_softmax."""
import torch
from torch import nn


class LuongAttention(nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.linear = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, h_t, encoder_outputs):
        keys = torch.matmul(encoder_outputs, self.linear.weight)
        attention_scores = (keys * h_t).sum(-1)
        attention_weights = attention_scores.log_softmax(-1).exp()
        return (attention_weights[:, None] * encoder_outputs).sum(0), attention_weights
