"""The joined model that takes the last row of the hidden states, which is the last state."""
from torch import nn


class RNNSeq2Seq(RNNSeq2Seq):
    def forward(self, input_ids):
        hidden_states, _ = self.encoder(input_ids)
        return self.decoder(hidden_states[-1].unsqueeze(0))
