"""The three given words are among the candidates."""

from torch.nn import functional as F


def analogy(vectors, vocab, a, b, c):
    target = vectors[vocab[a]] - vectors[vocab[b]] + vectors[vocab[c]]
    similarity = F.cosine_similarity(vectors, target.unsqueeze(0))
    similarity[vectors.norm(dim=1) == 0] = -2
    return max(vocab, key=lambda word: similarity[vocab[word]].item())
