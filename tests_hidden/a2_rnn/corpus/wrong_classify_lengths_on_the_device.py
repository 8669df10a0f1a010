"""Lengths are handed to packing wherever they are."""

from torch.nn.utils.rnn import pack_padded_sequence


class SentenceClassifier(SentenceClassifier):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.word_embeddings(ids), lengths, batch_first=True, enforce_sorted=False)
        _, h_n = self.rnn(packed)
        return self.fully_connected_layer(h_n[-1])
