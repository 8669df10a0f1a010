"""The corpus is read twice: a generator is empty the second time."""


class SimpleTokenizer(SimpleTokenizer):
    def build_vocab(self, corpus):
        known = {word for text in corpus for word in self.normalize_and_split(text)}
        for text in corpus:
            for word in self.normalize_and_split(text):
                if word in known:
                    self.vocab.setdefault(word, len(self.vocab))
        self.inv_vocab = {index: word for word, index in self.vocab.items()}
