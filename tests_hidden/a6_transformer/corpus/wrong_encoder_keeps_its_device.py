"""A tensor that is made in the first call and kept stays on that call's device."""

import torch


class EncoderBlock(EncoderBlock):
    def forward(self, x, mask=None):
        result = super().forward(x, mask)
        if not hasattr(self, "kept"):
            self.kept = torch.zeros(1, device=result.device)
        return result + self.kept
