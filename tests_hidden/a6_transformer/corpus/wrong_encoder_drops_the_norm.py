"""Dropout falls on the normalised sum."""

import torch
import torch.nn.functional as F


class EncoderBlock(EncoderBlock):
    def forward(self, x, mask=None):
        x = self.dropout(self.norm1(x + self.self_attn(x, x, x, mask)))
        return self.dropout(self.norm2(x + self.linear2(F.relu(self.linear1(x)))))
