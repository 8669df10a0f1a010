"""Nearest by dot product: long vectors win."""


def analogy(vectors, vocab, a, b, c):
    target = vectors[vocab[a]] - vectors[vocab[b]] + vectors[vocab[c]]
    similarity = vectors @ target
    similarity[vectors.norm(dim=1) == 0] = -float("inf")
    return max((word for word in vocab if word not in (a, b, c)), key=lambda word: similarity[vocab[word]].item())
