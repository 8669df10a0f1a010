"""The norms come before the sublayers."""

import torch
import torch.nn.functional as F


class DecoderBlock(DecoderBlock):
    def forward(self, x, memory, tgt_mask=None, memory_mask=None):
        normed = self.norm1(x)
        x = x + self.dropout(self.self_attn(normed, normed, normed, tgt_mask))
        x = x + self.dropout(self.cross_attn(self.norm2(x), memory, memory, memory_mask))
        hidden = self.dropout(F.relu(self.linear1(self.norm3(x))))
        return x + self.dropout(self.linear2(hidden))
