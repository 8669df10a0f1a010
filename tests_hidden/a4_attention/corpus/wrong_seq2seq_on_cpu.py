"""The result is brought back to the CPU."""
import torch
from torch import nn


class AttentionSeq2Seq(nn.Module):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, input_ids):
        encoder_outputs, (h_n, c_n) = self.encoder(input_ids)
        logits, token_ids = self.decoder(h_n, c_n, encoder_outputs)
        return logits.cpu(), token_ids
