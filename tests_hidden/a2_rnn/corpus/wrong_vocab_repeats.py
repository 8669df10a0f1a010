"""A character that comes twice is there twice."""


class CharVocab(CharVocab):
    def __init__(self, text):
        self.chars = sorted(text)
        self.stoi = {char: index for index, char in enumerate(self.chars)}
        self.itos = dict(enumerate(self.chars))
