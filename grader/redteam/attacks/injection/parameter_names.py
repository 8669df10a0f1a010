"""Layers whose names are scripts."""

from torch import nn


class Layer(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.add_module("<script>alert(1)</script>\x1b[31m=1+1\u202e", nn.Linear(inputs, inputs))
