"""The stand-ins for a TODO while another one is tested, sent to the submission as source text."""

from torch import nn


# A stand-in is a plain function of its inputs, and not the right answer: a submission can read it. The tests of
# `classify` use it, so a mistake in `Gate` costs no point there. `torch`, `nn`, `F` and `math` are in scope.
class Shift(nn.Module):
    """A gate that adds one."""

    def __init__(self, size):
        super().__init__()

    def forward(self, x):
        return x + 1
