"""A module is kept in a Python list, where `.to()` does not find it."""

from torch import nn


class DecoderRNN(DecoderRNN):
    def __init__(self, hidden_size, output_size):
        super().__init__(hidden_size, output_size)
        self.scales = [nn.LayerNorm(output_size, elementwise_affine=True)]

    def forward_step(self, input, hidden):
        output, hidden = super().forward_step(input, hidden)
        return output * self.scales[0].weight, hidden
