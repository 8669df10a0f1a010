"""Only as many columns come back as the longest sentence has."""

from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class TokenTagger(TokenTagger):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.word_embeddings(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return self.fully_connected_layer(outputs)
