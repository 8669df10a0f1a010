"""The joined model with keyword arguments, indexing instead of unpacking, and max_len written out."""
from torch import nn


class LSTMSeq2Seq(nn.Module):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, input_ids):
        encoded = self.encoder(input_ids)
        result = self.decoder(init_hidden_state=encoded[1][0], init_cell_state=encoded[1][1], max_len=10)
        return result[0], result[1]
