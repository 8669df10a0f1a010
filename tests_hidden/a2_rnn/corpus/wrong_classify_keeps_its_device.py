"""A tensor that is made in the first call and kept stays on that call's device."""

import torch


class SentenceClassifier(SentenceClassifier):
    def forward(self, ids, lengths):
        result = super().forward(ids, lengths)
        if not hasattr(self, "kept"):
            self.kept = torch.zeros(1, device=result.device)
        return result + self.kept
