"""The device is written out, not taken from the inputs."""

import torch


class BahdanauAttention(BahdanauAttention):
    def forward(self, query, keys):
        context, weights = super().forward(query, keys)
        return context + torch.zeros(context.shape, device="cpu"), weights
