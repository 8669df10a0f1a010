"""A module is kept in a Python list, where `.to()` does not find it."""

from torch import nn


class EncoderBlock(EncoderBlock):
    def __init__(self, d_model, num_heads, d_ff, dropout=0.1):
        super().__init__(d_model, num_heads, d_ff, dropout)
        self.scales = [nn.LayerNorm(d_model, elementwise_affine=True)]

    def forward(self, x, mask=None):
        result = super().forward(x, mask)
        return result * self.scales[0].weight
