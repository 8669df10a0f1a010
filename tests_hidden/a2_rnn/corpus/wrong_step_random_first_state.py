"""The first state is random."""

import torch


class CharRNN(CharRNN):
    def init_hidden(self):
        return torch.randn(self.hidden_size, device=self.W_hh.device)
