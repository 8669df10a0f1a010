"""The two mistakes corrected row by row and position by position."""

import torch


def attend_rows(query, keys):
    contexts = []
    for q, row in zip(query, keys):
        weights = torch.exp(row @ q - (row @ q).max())
        contexts.append((weights / weights.sum()) @ row)
    return torch.stack(contexts)


def bug_in_attend_rows():
    line = 3
    return line


def additive_scores(query, keys, W, U, v):
    scores = [torch.dot(v, torch.tanh(W @ query + U @ key)) for key in keys]
    return torch.stack(scores)


def bug_in_additive_scores():
    return 2 + 2
