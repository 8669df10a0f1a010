"""The decoder writes its ids into a tensor that it made beforehand."""
import torch


class RNNDecoder(RNNDecoder):
    def forward(self, init_hidden_state, max_len=10):
        ids = torch.full((max_len + 1,), self.start_token_id, dtype=torch.long, device=init_hidden_state.device)
        rows, state, n = [init_hidden_state.new_zeros(0, self.vocab_size)], init_hidden_state, 0
        while n < max_len and ids[n] != self.end_token_id:
            out, state = self.rnn(self.word_embeddings(ids[n : n + 1]), state)
            rows.append(self.fully_connected_layer(out))
            ids[n + 1] = rows[-1].argmax()
            n += 1
        return torch.cat(rows), ids[: n + 1].tolist()
