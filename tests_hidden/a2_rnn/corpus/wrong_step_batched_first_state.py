"""The first state has a batch axis."""

import torch


class CharRNN(CharRNN):
    def init_hidden(self):
        return torch.zeros(1, self.hidden_size, device=self.W_hh.device)
