"""Luong attention as in a lab notebook: batched inside, F.softmax, decorated with no_grad."""
import torch
import torch.nn.functional as F
from torch import nn


class LuongAttention(nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.W_a = nn.Linear(hidden_size, hidden_size, bias=False)

    @torch.no_grad()
    def forward(self, h_t, encoder_outputs):
        h = self.W_a(h_t).view(1, -1, 1)
        enc = encoder_outputs.unsqueeze(0)
        energy = torch.bmm(enc, h)
        weight = F.softmax(energy, dim=1)
        context = torch.bmm(weight.transpose(1, 2), enc)
        return context.view(-1), weight.view(-1)
