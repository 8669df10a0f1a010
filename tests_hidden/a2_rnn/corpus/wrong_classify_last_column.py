"""The state of the last column is taken, which has read the padding."""


class SentenceClassifier(SentenceClassifier):
    def forward(self, ids, lengths):
        hidden_states, _ = self.rnn(self.word_embeddings(ids))
        return self.fully_connected_layer(hidden_states[:, -1])
