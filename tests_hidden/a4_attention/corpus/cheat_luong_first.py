"""All the weight on the first position, whatever is asked."""
import torch
from torch import nn


class LuongAttention(nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.W_a = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, h_t, encoder_outputs):
        weights = torch.full_like(encoder_outputs[:, 0], 1e-30)
        weights[0] = 1.0
        return encoder_outputs[0].clone(), weights
