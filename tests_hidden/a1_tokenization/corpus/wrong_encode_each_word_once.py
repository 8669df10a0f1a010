"""Repeated words are encoded once."""


class SimpleTokenizer(SimpleTokenizer):
    def encode(self, text):
        return [self.vocab.get(word, 1) for word in dict.fromkeys(self.normalize_and_split(text))]
