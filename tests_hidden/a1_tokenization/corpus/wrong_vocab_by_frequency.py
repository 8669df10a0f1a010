"""Frequent words come first."""

from collections import Counter


class SimpleTokenizer(SimpleTokenizer):
    def build_vocab(self, corpus):
        counts = Counter(word for text in corpus for word in self.normalize_and_split(text))
        for word, _ in counts.most_common():
            self.vocab.setdefault(word, len(self.vocab))
        self.inv_vocab = {index: word for word, index in self.vocab.items()}
