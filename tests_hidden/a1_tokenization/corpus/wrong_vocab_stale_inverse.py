"""The inverse is made once and not brought up to date by a second call."""


class SimpleTokenizer(SimpleTokenizer):
    def build_vocab(self, corpus):
        for text in corpus:
            for word in self.normalize_and_split(text):
                self.vocab.setdefault(word, len(self.vocab))
        if len(self.inv_vocab) == 2:
            self.inv_vocab = {index: word for word, index in self.vocab.items()}
