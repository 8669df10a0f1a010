"""The state that was given comes back."""

import torch


class CharRNN(CharRNN):
    def step(self, x, h):
        new = torch.tanh(self.W_xh @ x + self.W_hh @ h + self.b_h)
        return self.W_hy @ new + self.b_y, h
