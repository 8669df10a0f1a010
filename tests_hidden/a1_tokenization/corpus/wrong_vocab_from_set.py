"""The order of the ids is that of a set of strings."""


class SimpleTokenizer(SimpleTokenizer):
    def build_vocab(self, corpus):
        words = list({word for text in corpus for word in self.normalize_and_split(text)})
        for word in words:
            if word not in self.vocab:
                self.vocab[word] = len(self.vocab)
        self.inv_vocab = {index: word for word, index in self.vocab.items()}
