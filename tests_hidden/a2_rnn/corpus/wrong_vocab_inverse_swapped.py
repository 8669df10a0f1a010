"""itos is stoi over again."""


class CharVocab(CharVocab):
    def __init__(self, text):
        self.chars = sorted(set(text))
        self.stoi = {char: index for index, char in enumerate(self.chars)}
        self.itos = self.stoi

    def decode(self, ids):
        return "".join(self.chars[index] for index in ids)
