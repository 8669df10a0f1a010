"""Both biases are left out."""

import torch


class CharRNN(CharRNN):
    def step(self, x, h):
        h = torch.tanh(self.W_xh @ x + self.W_hh @ h)
        return self.W_hy @ h, h
