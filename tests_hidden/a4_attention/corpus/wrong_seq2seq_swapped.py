"""Hidden and cell state change places."""
import torch
from torch import nn


class AttentionSeq2Seq(nn.Module):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, input_ids):
        encoder_outputs, (h_n, c_n) = self.encoder(input_ids)
        logits, token_ids = self.decoder(c_n, h_n, encoder_outputs)
        return logits, token_ids
