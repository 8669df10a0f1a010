"""A tensor is a plain attribute, no buffer: `.to()` leaves it where it is."""

import torch


class EncoderBlock(EncoderBlock):
    def __init__(self, d_model, num_heads, d_ff, dropout=0.1):
        super().__init__(d_model, num_heads, d_ff, dropout)
        self.offset = torch.zeros(d_model)

    def forward(self, x, mask=None):
        result = super().forward(x, mask)
        return result + self.offset
