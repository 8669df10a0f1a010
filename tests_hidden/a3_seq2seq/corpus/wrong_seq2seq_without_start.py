"""The start token is cut off the ids."""
import torch
from torch import nn


class RNNSeq2Seq(nn.Module):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, input_ids):
        hidden_states, h_n = self.encoder(input_ids)
        logits, token_ids = self.decoder(h_n)
        return logits, token_ids[1:]
