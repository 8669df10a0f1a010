"""Vectors are brought to length one before they are added."""

from torch.nn import functional as F


def analogy(vectors, vocab, a, b, c):
    unit = F.normalize(vectors, dim=1)
    similarity = unit @ (unit[vocab[a]] - unit[vocab[b]] + unit[vocab[c]])
    similarity[vectors.norm(dim=1) == 0] = -float("inf")
    return max((word for word in vocab if word not in (a, b, c)), key=lambda word: similarity[vocab[word]].item())
