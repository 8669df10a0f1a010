"""Replaces in the joined text, where the end of one symbol and the beginning of another fit, too."""


def merge_pair(words, pair):
    merged = {}
    for symbols, count in words.items():
        joined = tuple(" ".join(symbols).replace(" ".join(pair), "".join(pair)).split(" "))
        merged[joined] = merged.get(joined, 0) + count
    return merged
