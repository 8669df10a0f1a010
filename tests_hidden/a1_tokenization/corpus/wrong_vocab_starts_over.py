"""A second call forgets the first."""


class SimpleTokenizer(SimpleTokenizer):
    def build_vocab(self, corpus):
        self.vocab = {"<PAD>": 0, "<UNK>": 1}
        for text in corpus:
            for word in self.normalize_and_split(text):
                self.vocab.setdefault(word, len(self.vocab))
        self.inv_vocab = {index: word for word, index in self.vocab.items()}
