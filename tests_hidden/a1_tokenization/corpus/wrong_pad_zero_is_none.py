"""Truthiness: a length of 0 is taken for no length."""


class SimpleTokenizer(SimpleTokenizer):
    def __call__(self, text, max_len=None):
        ids = self.encode(text)
        return self.pad(ids, max_len) if max_len else ids
