"""Takes the longest subword that the merges can make, from left to right."""


def bpe_encode(word, merges):
    known = {left + right for left, right in merges}
    text, symbols = [*word, END_OF_WORD], []
    while text:
        width = next((n for n in range(len(text), 1, -1) if "".join(text[:n]) in known), 1)
        symbols.append("".join(text[:width]))
        text = text[width:]
    return symbols
