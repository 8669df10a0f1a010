"""Truthiness: the word in row 0 is never considered."""

from torch.nn import functional as F


def analogy(vectors, vocab, a, b, c):
    target = vectors[vocab[a]] - vectors[vocab[b]] + vectors[vocab[c]]
    similarity = F.cosine_similarity(vectors, target.unsqueeze(0))
    similarity[vectors.norm(dim=1) == 0] = -2
    others = [word for word in vocab if vocab[word] and word not in (a, b, c)]
    return max(others, key=lambda word: similarity[vocab[word]].item())
