"""Lengths are expected where the ids are."""


class SentenceClassifier(SentenceClassifier):
    def forward(self, ids, lengths):
        hidden_states, _ = self.rnn(self.word_embeddings(ids))
        index = (lengths - 1).view(-1, 1, 1).expand(-1, 1, hidden_states.shape[2])
        return self.fully_connected_layer(hidden_states.gather(1, index).squeeze(1))
