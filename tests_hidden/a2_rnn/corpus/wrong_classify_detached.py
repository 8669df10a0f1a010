"""The states are cut from the network that made them."""

import torch


class SentenceClassifier(SentenceClassifier):
    def forward(self, ids, lengths):
        hidden_states, _ = self.rnn(self.word_embeddings(ids))
        rows = torch.arange(len(ids), device=ids.device)
        return self.fully_connected_layer(hidden_states[rows, lengths.to(ids.device) - 1].detach())
