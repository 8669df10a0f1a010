"""Luong attention with einsum, squeezed where nn.Softmax wants a batch, and without self.W_a being called."""
import torch
from torch import nn


class LuongAttention(nn.Module):
    def __init__(self, hidden_size):
        super(LuongAttention, self).__init__()
        self.hidden_size = hidden_size
        self.W_a = nn.Linear(hidden_size, hidden_size, bias=False)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, h_t, encoder_outputs):
        scores = torch.einsum("sk,kh,h->s", encoder_outputs, self.W_a.weight, h_t)
        a = self.softmax(scores.unsqueeze(0))
        ctx = torch.einsum("bs,sh->bh", a, encoder_outputs)
        return ctx.squeeze(0), a.squeeze(0)
