"""The joined model as a subclass, with the last layer's states picked by name."""
from torch import nn


class Base(nn.Module):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder


class AttentionSeq2Seq(Base):
    def forward(self, input_ids):
        hidden_states, last = self.encoder(input_ids)
        hidden, cell = (state[-1].unsqueeze(0) for state in last)
        logits, token_ids = self.decoder(hidden, cell, hidden_states)
        return logits, list(token_ids)
