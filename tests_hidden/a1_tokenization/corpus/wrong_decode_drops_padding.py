"""Padding is left out of the words."""


class SimpleTokenizer(SimpleTokenizer):
    def decode(self, ids):
        return [self.inv_vocab.get(index, "<UNK>") for index in ids if index != 0]
