"""An unknown id is not provided for."""


class SimpleTokenizer(SimpleTokenizer):
    def decode(self, ids):
        return [self.inv_vocab[index] for index in ids]
