"""Log-softmax inside the model."""

import torch


class CharRNN(CharRNN):
    def step(self, x, h):
        h = torch.tanh(self.W_xh @ x + self.W_hh @ h + self.b_h)
        return torch.log_softmax(self.W_hy @ h + self.b_y, dim=0), h
