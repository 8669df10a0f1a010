"""Additive attention with an expanded query, einsum and a softmax written out; layers made in another order."""
import torch
from torch import nn


class BahdanauAttention(nn.Module):
    def __init__(self, hidden_size):
        super(BahdanauAttention, self).__init__()
        self.Va = nn.Linear(hidden_size, 1)
        self.Ua = nn.Linear(hidden_size, hidden_size)
        self.Wa = nn.Linear(hidden_size, hidden_size)

    def forward(self, query, keys):
        B, S, H = keys.shape
        q = self.Wa(query).expand(B, S, H)
        energy = torch.tanh(torch.add(q, self.Ua(keys)))
        score = torch.einsum("bsh,oh->bs", energy, self.Va.weight) + self.Va.bias
        exp = (score - score.amax(dim=1, keepdim=True)).exp()
        attention = exp / exp.sum(dim=1, keepdim=True)
        context = torch.einsum("bs,bsh->bh", attention, keys)
        return context.unsqueeze(1), attention.unsqueeze(1)
