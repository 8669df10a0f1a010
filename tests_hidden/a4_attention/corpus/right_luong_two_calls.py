"""Luong attention split into helpers, with the weights handed out detached for plotting."""
import torch
from torch import nn
from torch.nn import functional


class LuongAttention(nn.Module):
    def __init__(self, hidden_size: int):
        super().__init__()
        self.W_a = nn.Linear(hidden_size, hidden_size, bias=False)

    def score(self, query, keys):
        return torch.mv(keys, self.W_a(query.unsqueeze(0)).squeeze(0))

    def forward(self, h_t, encoder_outputs):
        weights = functional.softmax(self.score(h_t, encoder_outputs), dim=-1)
        context = torch.mv(encoder_outputs.t(), weights)
        return context, weights.detach()
