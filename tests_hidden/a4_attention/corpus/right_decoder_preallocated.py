"""The decoder writes its ids into a tensor that it made beforehand."""
import torch


class AttentionDecoder(AttentionDecoder):
    def forward(self, init_hidden_state, init_cell_state, encoder_outputs, max_len=10):
        ids = torch.full((max_len + 1,), self.start_token_id, dtype=torch.long, device=encoder_outputs.device)
        rows, state, n = [encoder_outputs.new_zeros(0, self.vocab_size)], (init_hidden_state, init_cell_state), 0
        while n < max_len and ids[n] != self.end_token_id:
            out, state = self.lstm(self.word_embeddings(ids[n : n + 1]), state)
            context, _ = self.attn(out[0], encoder_outputs)
            mixed = torch.tanh(self.W_c(torch.cat([out[0], context])))
            rows.append(self.fully_connected_layer(mixed)[None])
            ids[n + 1] = rows[-1].argmax()
            n += 1
        return torch.cat(rows), ids[: n + 1].tolist()
