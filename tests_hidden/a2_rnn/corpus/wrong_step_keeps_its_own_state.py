"""The model remembers a state of its own and ignores the one it is given."""

import torch


class CharRNN(CharRNN):
    def step(self, x, h):
        h = getattr(self, "kept", self.init_hidden())
        self.kept = torch.tanh(self.W_xh @ x + self.W_hh @ h + self.b_h)
        return self.W_hy @ self.kept + self.b_y, self.kept
