"""A word that comes again is given a new id."""


class SimpleTokenizer(SimpleTokenizer):
    def build_vocab(self, corpus):
        for text in corpus:
            for word in self.normalize_and_split(text):
                index = len(self.inv_vocab)
                self.vocab[word] = index
                self.inv_vocab[index] = word
