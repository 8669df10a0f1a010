"""Punctuation and emoji stay on the words."""


class SimpleTokenizer(SimpleTokenizer):
    def normalize_and_split(self, text):
        return text.lower().split()
