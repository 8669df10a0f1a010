"""The sum is built on the CPU, wherever the vectors are."""

import torch
from torch.nn import functional as F


def analogy(vectors, vocab, a, b, c):
    target = torch.zeros(vectors.shape[1])
    target += vectors[vocab[a]] - vectors[vocab[b]] + vectors[vocab[c]]
    similarity = F.cosine_similarity(vectors, target.unsqueeze(0))
    similarity[vectors.norm(dim=1) == 0] = -2
    return max((word for word in vocab if word not in (a, b, c)), key=lambda word: similarity[vocab[word]].item())
