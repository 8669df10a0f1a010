"""The two mistakes corrected position by position, and with layers under names of their own."""

import torch
import torch.nn as nn


def token_losses(logits, targets):
    rows = []
    for row, wanted in zip(logits, targets):
        rows.append(torch.stack([-(scores - scores.logsumexp(0))[int(token)] for scores, token in zip(row, wanted)]))
    return torch.stack(rows)


def bug_in_token_losses():
    line = 3
    return line


class Stack(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.depth = depth
        for number in range(depth):
            self.add_module(f"layer{number}", nn.Linear(width, width))

    def forward(self, x):
        for number in range(self.depth):
            x = getattr(self, f"layer{number}")(x).clamp(min=0)
        return x


def bug_in_stack():
    return 2 + 2
