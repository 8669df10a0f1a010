"""Weights in a plain dict are not registered as parameters."""

import torch
from torch import nn


class CharRNN(CharRNN):
    def __init__(self, vocab_size, hidden_size):
        nn.Module.__init__(self)
        self.vocab_size, self.hidden_size = vocab_size, hidden_size
        self.weights = {
            "xh": nn.Parameter(torch.randn(hidden_size, vocab_size) * 0.1),
            "hh": nn.Parameter(torch.randn(hidden_size, hidden_size) * 0.1),
            "hy": nn.Parameter(torch.randn(vocab_size, hidden_size) * 0.1),
        }

    def init_hidden(self):
        return torch.zeros(self.hidden_size)

    def step(self, x, h):
        h = torch.tanh(self.weights["xh"] @ x + self.weights["hh"] @ h)
        return self.weights["hy"] @ h, h
