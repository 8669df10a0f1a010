"""A module is kept in a Python list, where `.to()` does not find it."""

from torch import nn


class BahdanauAttention(BahdanauAttention):
    def __init__(self, hidden_size):
        super().__init__(hidden_size)
        self.scales = [nn.LayerNorm(hidden_size, elementwise_affine=True)]

    def forward(self, query, keys):
        context, weights = super().forward(query, keys)
        return context * self.scales[0].weight, weights
