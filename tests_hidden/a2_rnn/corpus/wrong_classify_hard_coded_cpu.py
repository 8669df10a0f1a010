"""The device is written out, not taken from the inputs."""

import torch


class SentenceClassifier(SentenceClassifier):
    def forward(self, ids, lengths):
        result = super().forward(ids, lengths)
        return result + torch.zeros(result.shape, device="cpu")
