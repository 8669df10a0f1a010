"""The device is written out, not taken from the inputs."""

import torch


class DecoderRNN(DecoderRNN):
    def forward_step(self, input, hidden):
        output, hidden = super().forward_step(input, hidden)
        return output + torch.zeros(output.shape, device="cpu"), hidden
