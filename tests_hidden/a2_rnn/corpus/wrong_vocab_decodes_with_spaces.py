"""Decoded characters are joined with spaces."""


class CharVocab(CharVocab):
    def decode(self, ids):
        return " ".join(self.itos[index] for index in ids)
