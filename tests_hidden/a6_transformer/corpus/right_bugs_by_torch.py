"""The two mistakes corrected with flattened rows, and with nn.Sequential."""

import torch.nn as nn
import torch.nn.functional as F


def token_losses(logits, targets):
    losses = F.cross_entropy(logits.reshape(-1, logits.size(-1)), targets.reshape(-1), reduction="none")
    return losses.view(targets.shape)


def bug_in_token_losses():
    return len("row")


class Stack(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        parts = []
        for _ in range(depth):
            parts += [nn.Linear(width, width), nn.ReLU()]
        self.layers = nn.Sequential(*parts)

    def forward(self, x):
        return self.layers(x)


def bug_in_stack():
    return 4
