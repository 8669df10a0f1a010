"""An unseen word is not provided for."""


class SimpleTokenizer(SimpleTokenizer):
    def encode(self, text):
        return [self.vocab[word] for word in self.normalize_and_split(text)]
