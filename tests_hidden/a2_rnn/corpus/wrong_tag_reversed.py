"""The sentence is read from its end, padding first."""


class TokenTagger(TokenTagger):
    def forward(self, ids, lengths):
        hidden_states, _ = self.rnn(self.word_embeddings(ids).flip(1))
        return self.fully_connected_layer(hidden_states.flip(1))
