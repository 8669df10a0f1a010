"""A new layer is made in forward and never trained."""

import torch
from torch import nn


class SentenceClassifier(SentenceClassifier):
    def forward(self, ids, lengths):
        hidden_states, _ = self.rnn(self.word_embeddings(ids))
        rows = torch.arange(len(ids), device=ids.device)
        last_hidden = hidden_states[rows, lengths.to(ids.device) - 1]
        self.head = nn.Linear(last_hidden.shape[1], self.fully_connected_layer.out_features).to(ids.device)
        return self.head(last_hidden)
