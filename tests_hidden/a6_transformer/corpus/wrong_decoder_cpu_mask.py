"""Without a mask for the memory one is made on the CPU, and added up there."""

import torch
import torch.nn.functional as F


class DecoderBlock(DecoderBlock):
    def forward(self, x, memory, tgt_mask=None, memory_mask=None):
        if memory_mask is None:
            memory_mask = torch.ones(x.size(1), memory.size(1), dtype=torch.bool)
        x = self.norm1(x + self.dropout(self.self_attn(x, x, x, tgt_mask)))
        x = self.norm2(x + self.dropout(self.cross_attn(x, memory, memory, memory_mask)))
        hidden = self.dropout(F.relu(self.linear1(x)))
        return self.norm3(x + self.dropout(self.linear2(hidden)))
