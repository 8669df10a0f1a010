"""The state is cut inside the step."""

import torch


class CharRNN(CharRNN):
    def step(self, x, h):
        h = torch.tanh(self.W_xh @ x + self.W_hh @ h + self.b_h)
        return self.W_hy @ h.detach() + self.b_y, h
