"""The joined model that unpacks the pair of states."""
from torch import nn


class LSTMSeq2Seq(LSTMSeq2Seq):
    def forward(self, input_ids):
        _, states = self.encoder(input_ids)
        logits, ids = self.decoder(*states)
        return logits, list(ids)
