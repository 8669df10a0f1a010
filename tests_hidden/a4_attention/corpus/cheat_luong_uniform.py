"""Weights that are all the same, beside a softmax that is thrown away."""
import torch
from torch import nn


class LuongAttention(nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.W_a = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, h_t, encoder_outputs):
        scores = encoder_outputs @ self.W_a(h_t)
        torch.softmax(scores, 0)
        weights = torch.full_like(scores, 1 / len(scores))
        return weights @ encoder_outputs, weights
