"""Luong attention position by position, with the softmax written out by hand."""
import torch
from torch import nn


class LuongAttention(nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.W_a = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, h_t, encoder_outputs):
        scores = []
        for i in range(encoder_outputs.size(0)):
            scores.append(torch.dot(encoder_outputs[i], self.W_a(h_t)))
        scores = torch.stack(scores)
        e = torch.exp(scores - scores.max())
        attention_weights = e / e.sum()
        context_vector = torch.zeros_like(h_t)
        for i in range(len(attention_weights)):
            context_vector = context_vector + attention_weights[i] * encoder_outputs[i]
        return context_vector, attention_weights
