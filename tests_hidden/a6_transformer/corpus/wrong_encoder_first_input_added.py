"""The block's own input is added after the linear layers."""

import torch
import torch.nn.functional as F


class EncoderBlock(EncoderBlock):
    def forward(self, x, mask=None):
        middle = self.norm1(x + self.dropout(self.self_attn(x, x, x, mask)))
        hidden = self.dropout(F.relu(self.linear1(middle)))
        return self.norm2(x + self.dropout(self.linear2(hidden)))
