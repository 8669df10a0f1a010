"""squeeze() without a dimension, which also takes a batch of one."""
import torch
import torch.nn.functional as F
from torch import nn


class DecoderRNN(DecoderRNN):
    def forward_step(self, input, hidden):
        output = self.embedding(input)
        output = F.relu(output)
        output, hidden = self.gru(output, hidden)
        output = self.out(output.squeeze()).unsqueeze(1)
        return output, hidden
