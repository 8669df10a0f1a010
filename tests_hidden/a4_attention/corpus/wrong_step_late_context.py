"""Attention comes after the GRU, which sees the last encoder output instead."""
import torch
import torch.nn.functional as F
from torch import nn


class AttnDecoderRNN(AttnDecoderRNN):
    def forward_step(self, input, hidden, encoder_outputs):
        embedded = self.dropout(self.embedding(input))
        query = hidden.permute(1, 0, 2)
        context = encoder_outputs[:, -1:]
        input_gru = torch.cat((embedded, context), dim=2)
        output, hidden = self.gru(input_gru, hidden)
        _, attn_weights = self.attention(output, encoder_outputs)
        output = self.out(output)
        return output, hidden, attn_weights
