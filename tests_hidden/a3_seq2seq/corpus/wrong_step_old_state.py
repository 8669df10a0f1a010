"""The state before the step is returned."""
import torch
import torch.nn.functional as F
from torch import nn


class DecoderRNN(DecoderRNN):
    def forward_step(self, input, hidden):
        output = self.embedding(input)
        output = F.relu(output)
        output, _ = self.gru(output, hidden)
        output = self.out(output)
        return output, hidden
