"""The relu after the embedding is missing."""
import torch
import torch.nn.functional as F
from torch import nn


class DecoderRNN(DecoderRNN):
    def forward_step(self, input, hidden):
        output = self.embedding(input)
        output, hidden = self.gru(output, hidden)
        output = self.out(output)
        return output, hidden
