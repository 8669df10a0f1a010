"""Runs the padding through the network, and clears its outputs afterwards."""


class Encoder(Encoder):
    def forward(self, src, src_lengths):
        outputs, h_n = self.gru(self.embedding(src))
        state = torch.tanh(self.bridge(torch.cat([h_n[0], h_n[1]], dim=-1)))
        return outputs * make_mask(src, src_lengths).unsqueeze(-1), state.unsqueeze(0)
