"""Additive attention row by row of the batch, under no_grad, with nn.Softmax and nn.Tanh as modules."""
import torch
from torch import nn


class BahdanauAttention(nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.Wa = nn.Linear(hidden_size, hidden_size)
        self.Ua = nn.Linear(hidden_size, hidden_size)
        self.Va = nn.Linear(hidden_size, 1)
        self.tanh, self.softmax = nn.Tanh(), nn.Softmax(dim=0)

    @torch.no_grad()
    def forward(self, query, keys):
        contexts, all_weights = [], []
        for q, k in zip(query, keys):
            weights = self.softmax(self.Va(self.tanh(self.Wa(q) + self.Ua(k)))[:, 0])
            all_weights.append(weights)
            contexts.append((weights.reshape(-1, 1) * k).sum(dim=0))
        return torch.stack(contexts).unsqueeze(1), torch.stack(all_weights)[:, None, :]
