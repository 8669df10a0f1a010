"""Truthiness: id 0 is taken for none at all."""


class SimpleTokenizer(SimpleTokenizer):
    def decode(self, ids):
        return [self.inv_vocab.get(index, "<UNK>") if index else "<UNK>" for index in ids]
