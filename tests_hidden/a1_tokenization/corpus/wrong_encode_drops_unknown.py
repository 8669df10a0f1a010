"""An unseen word is left out."""


class SimpleTokenizer(SimpleTokenizer):
    def encode(self, text):
        return [self.vocab[word] for word in self.normalize_and_split(text) if word in self.vocab]
