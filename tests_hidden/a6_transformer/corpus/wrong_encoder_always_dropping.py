"""Dropout works in evaluation, too."""

import torch
import torch.nn.functional as F


class EncoderBlock(EncoderBlock):
    def forward(self, x, mask=None):
        x = self.norm1(x + F.dropout(self.self_attn(x, x, x, mask), 0.3))
        hidden = F.dropout(F.relu(self.linear1(x)), 0.3)
        return self.norm2(x + F.dropout(self.linear2(hidden), 0.3))
