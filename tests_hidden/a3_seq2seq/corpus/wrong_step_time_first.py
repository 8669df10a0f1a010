"""The batch is taken for the time."""
import torch
import torch.nn.functional as F
from torch import nn


class DecoderRNN(DecoderRNN):
    def forward_step(self, input, hidden):
        output = self.embedding(input)
        output = F.relu(output)
        output, hidden = self.gru(output.transpose(0, 1), hidden[:, :1])
        output = self.out(output).transpose(0, 1)
        hidden = hidden.expand(-1, input.size(0), -1)
        return output, hidden
