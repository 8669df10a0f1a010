"""The results of the step are brought back to the CPU."""
import torch
import torch.nn.functional as F
from torch import nn


class AttnDecoderRNN(AttnDecoderRNN):
    def forward_step(self, input, hidden, encoder_outputs):
        embedded = self.dropout(self.embedding(input))
        query = hidden.permute(1, 0, 2)
        context, attn_weights = self.attention(query, encoder_outputs)
        input_gru = torch.cat((embedded, context), dim=2)
        output, hidden = self.gru(input_gru, hidden)
        output = self.out(output)
        return output.cpu(), hidden, attn_weights
