"""A list is indexed: negative ids count from its end."""


class SimpleTokenizer(SimpleTokenizer):
    def decode(self, ids):
        words = sorted(self.vocab, key=self.vocab.get)
        return [words[index] if index < len(words) else "<UNK>" for index in ids]
