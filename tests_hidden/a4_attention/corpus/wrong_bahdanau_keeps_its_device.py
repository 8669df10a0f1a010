"""A tensor that is made in the first call and kept stays on that call's device."""

import torch


class BahdanauAttention(BahdanauAttention):
    def forward(self, query, keys):
        if not hasattr(self, "kept"):
            self.kept = torch.zeros(1, device=keys.device)
        return super().forward(query, keys + self.kept)
