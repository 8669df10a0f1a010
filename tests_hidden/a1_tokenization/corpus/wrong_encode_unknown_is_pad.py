"""An unseen word becomes id 0, which is padding."""


class SimpleTokenizer(SimpleTokenizer):
    def encode(self, text):
        return [self.vocab.get(word, 0) for word in self.normalize_and_split(text)]
