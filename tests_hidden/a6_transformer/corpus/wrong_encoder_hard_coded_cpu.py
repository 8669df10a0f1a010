"""The device is written out, not taken from the inputs."""

import torch


class EncoderBlock(EncoderBlock):
    def forward(self, x, mask=None):
        result = super().forward(x, mask)
        return result + torch.zeros(result.shape, device="cpu")
