"""The context is collected in a tensor that is always made on the CPU."""
import torch
import torch.nn.functional as F
from torch import nn


class LuongAttention(nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.W_a = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, h_t, encoder_outputs):
        attention_scores = torch.matmul(encoder_outputs, self.W_a(h_t))
        attention_weights = F.softmax(attention_scores, dim=0)
        context_vector = torch.zeros(len(h_t))
        context_vector[:] = attention_weights @ encoder_outputs
        return context_vector, attention_weights
