"""Attends with the state after the step, as Luong does."""


class Decoder(Decoder):
    def forward(self, tgt_in, keys, state, mask):
        outputs, looks = [], []
        context = torch.zeros(len(keys), keys.size(-1), device=keys.device)
        for embedded in self.embedding(tgt_in).unbind(dim=1):
            output, state = self.gru(torch.cat([embedded, context], dim=-1).unsqueeze(1), state)
            context, weights = self.attention(state[0], keys, mask)
            outputs.append(output)
            looks.append(weights)
        return self.out(torch.cat(outputs, dim=1)), torch.stack(looks, dim=1)
