"""h_n without packing is the state after the padding."""


class SentenceClassifier(SentenceClassifier):
    def forward(self, ids, lengths):
        _, h_n = self.rnn(self.word_embeddings(ids))
        return self.fully_connected_layer(h_n[-1])
