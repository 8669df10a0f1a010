"""Only the logits are returned."""
import torch
from torch import nn


class LSTMSeq2Seq(nn.Module):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, input_ids):
        hidden_states, (h_n, c_n) = self.encoder(input_ids)
        logits, token_ids = self.decoder(h_n, c_n)
        return logits
