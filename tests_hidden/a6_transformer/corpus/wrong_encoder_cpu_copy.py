"""A tensor of zeros is made on the CPU."""

import torch
import torch.nn.functional as F


class EncoderBlock(EncoderBlock):
    def forward(self, x, mask=None):
        added = torch.zeros(x.shape)
        added = added + self.dropout(self.self_attn(x, x, x, mask))
        x = self.norm1(x + added)
        hidden = self.dropout(F.relu(self.linear1(x)))
        return self.norm2(x + self.dropout(self.linear2(hidden)))
