"""Sentences are sorted for packing and not put back."""

from torch.nn.utils.rnn import pack_padded_sequence


class SentenceClassifier(SentenceClassifier):
    def forward(self, ids, lengths):
        lengths, order = lengths.cpu().sort(descending=True)
        packed = pack_padded_sequence(self.word_embeddings(ids)[order.to(ids.device)], lengths, batch_first=True)
        _, h_n = self.rnn(packed)
        return self.fully_connected_layer(h_n[-1])
