"""A row of zeros has cosine 0 and wins where all others point away."""

from torch.nn import functional as F


def analogy(vectors, vocab, a, b, c):
    target = vectors[vocab[a]] - vectors[vocab[b]] + vectors[vocab[c]]
    similarity = F.cosine_similarity(vectors, target.unsqueeze(0))
    return max((word for word in vocab if word not in (a, b, c)), key=lambda word: similarity[vocab[word]].item())
