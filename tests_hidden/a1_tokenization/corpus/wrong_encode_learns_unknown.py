"""An unseen word is added to the vocabulary while encoding."""


class SimpleTokenizer(SimpleTokenizer):
    def encode(self, text):
        return [self.vocab.setdefault(word, len(self.vocab)) for word in self.normalize_and_split(text)]
