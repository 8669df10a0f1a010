"""The order of the characters is that of a set."""


class CharVocab(CharVocab):
    def __init__(self, text):
        self.chars = list(set(text))
        self.stoi = {char: index for index, char in enumerate(self.chars)}
        self.itos = dict(enumerate(self.chars))
