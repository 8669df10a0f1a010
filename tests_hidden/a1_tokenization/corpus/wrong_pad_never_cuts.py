"""Longer input stays as long as it is."""


class SimpleTokenizer(SimpleTokenizer):
    def pad(self, ids, max_len):
        return list(ids) + [0] * (max_len - len(ids))
