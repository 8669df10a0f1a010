"""What self-attention gave is added to the caller's own tensor."""

import torch
import torch.nn.functional as F


class EncoderBlock(EncoderBlock):
    def forward(self, x, mask=None):
        x += self.dropout(self.self_attn(x, x, x, mask))
        x = self.norm1(x)
        hidden = self.dropout(F.relu(self.linear1(x)))
        return self.norm2(x + self.dropout(self.linear2(hidden)))
