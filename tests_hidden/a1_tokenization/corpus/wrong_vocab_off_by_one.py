"""One id is left out after the special words."""


class SimpleTokenizer(SimpleTokenizer):
    def build_vocab(self, corpus):
        for text in corpus:
            for word in self.normalize_and_split(text):
                if word not in self.vocab:
                    self.vocab[word] = len(self.vocab) + 1
                    self.inv_vocab[len(self.vocab)] = word
