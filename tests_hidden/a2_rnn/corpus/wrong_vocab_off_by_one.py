"""Ids start at 1, as if 0 were taken by padding."""


class CharVocab(CharVocab):
    def __init__(self, text):
        self.chars = sorted(set(text))
        self.stoi = {char: index for index, char in enumerate(self.chars, 1)}
        self.itos = dict(enumerate(self.chars, 1))
