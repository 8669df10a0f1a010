"""Characters are numbered as they are first seen."""


class CharVocab(CharVocab):
    def __init__(self, text):
        self.chars = list(dict.fromkeys(text))
        self.stoi = {char: index for index, char in enumerate(self.chars)}
        self.itos = dict(enumerate(self.chars))
