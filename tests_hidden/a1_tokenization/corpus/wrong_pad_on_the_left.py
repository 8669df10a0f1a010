"""Padding stands on the left."""


class SimpleTokenizer(SimpleTokenizer):
    def pad(self, ids, max_len):
        kept = list(ids)[:max_len]
        return [0] * (max_len - len(kept)) + kept
