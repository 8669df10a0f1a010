"""The states are averaged, padding included."""


class SentenceClassifier(SentenceClassifier):
    def forward(self, ids, lengths):
        hidden_states, _ = self.rnn(self.word_embeddings(ids))
        return self.fully_connected_layer(hidden_states.mean(dim=1))
