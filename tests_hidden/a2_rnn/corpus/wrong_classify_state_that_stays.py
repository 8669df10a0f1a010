"""A tensor is a plain attribute, no buffer: `.to()` leaves it where it is."""

import torch


class SentenceClassifier(SentenceClassifier):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_classes):
        super().__init__(vocab_size, embedding_dim, hidden_size, num_classes)
        self.offset = torch.zeros(num_classes)

    def forward(self, ids, lengths):
        result = super().forward(ids, lengths)
        return result + self.offset
