"""Merges into the dict that was given."""


def merge_pair(words, pair, _given=merge_pair):
    merged = _given(words, pair)
    words.clear()
    words.update(merged)
    return words
