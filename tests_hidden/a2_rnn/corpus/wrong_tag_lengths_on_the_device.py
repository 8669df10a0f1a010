"""Lengths are handed to packing wherever they are."""

from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class TokenTagger(TokenTagger):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.word_embeddings(ids), lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=ids.shape[1])
        return self.fully_connected_layer(outputs)
