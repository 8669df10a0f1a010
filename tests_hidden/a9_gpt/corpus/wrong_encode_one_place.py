"""Applies each merge once, at the first place of its pair."""


def bpe_encode(word, merges):
    symbols = [*word, END_OF_WORD]
    for left, right in merges:
        for position in range(len(symbols) - 1):
            if (symbols[position], symbols[position + 1]) == (left, right):
                symbols[position : position + 2] = [left + right]
                break
    return symbols
