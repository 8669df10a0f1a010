"""Reads its own best word after the first one, not what is given."""


class Decoder(Decoder):
    def forward(self, tgt_in, keys, state, mask):
        logits, looks, word = [], [], tgt_in[:, 0]
        for _ in range(tgt_in.size(1)):
            context, weights = self.attention(state[0], keys, mask)
            output, state = self.gru(torch.cat([self.embedding(word), context], dim=-1).unsqueeze(1), state)
            logits.append(self.out(output[:, 0]))
            looks.append(weights)
            word = logits[-1].argmax(-1)
        return torch.stack(logits, dim=1), torch.stack(looks, dim=1)
