"""The norms come before the sublayers."""

import torch
import torch.nn.functional as F


class EncoderBlock(EncoderBlock):
    def forward(self, x, mask=None):
        normed = self.norm1(x)
        x = x + self.dropout(self.self_attn(normed, normed, normed, mask))
        hidden = self.dropout(F.relu(self.linear1(self.norm2(x))))
        return x + self.dropout(self.linear2(hidden))
