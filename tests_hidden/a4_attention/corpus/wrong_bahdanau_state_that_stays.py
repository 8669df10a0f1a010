"""A tensor is a plain attribute, no buffer: `.to()` leaves it where it is."""

import torch


class BahdanauAttention(BahdanauAttention):
    def __init__(self, hidden_size):
        super().__init__(hidden_size)
        self.offset = torch.zeros(hidden_size)

    def forward(self, query, keys):
        context, weights = super().forward(query, keys)
        return context + self.offset, weights
