"""A module is kept in a Python list, where `.to()` does not find it."""

from torch import nn


class SentenceClassifier(SentenceClassifier):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_classes):
        super().__init__(vocab_size, embedding_dim, hidden_size, num_classes)
        self.scales = [nn.LayerNorm(num_classes, elementwise_affine=True)]

    def forward(self, ids, lengths):
        result = super().forward(ids, lengths)
        return result * self.scales[0].weight
