"""Merges from right to left: of three equal symbols the last two."""


def merge_pair(words, pair):
    merged = {}
    for symbols, count in words.items():
        joined, position = [], len(symbols)
        while position > 0:
            width = 2 if symbols[max(0, position - 2) : position] == pair else 1
            joined.insert(0, "".join(symbols[position - width : position]))
            position -= width
        merged[tuple(joined)] = merged.get(tuple(joined), 0) + count
    return merged
