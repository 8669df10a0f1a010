"""Cross-attention comes before self-attention."""

import torch
import torch.nn.functional as F


class DecoderBlock(DecoderBlock):
    def forward(self, x, memory, tgt_mask=None, memory_mask=None):
        x = self.norm1(x + self.dropout(self.cross_attn(x, memory, memory, memory_mask)))
        x = self.norm2(x + self.dropout(self.self_attn(x, x, x, tgt_mask)))
        hidden = self.dropout(F.relu(self.linear1(x)))
        return self.norm3(x + self.dropout(self.linear2(hidden)))
