"""The row is taken for the word's position in the dictionary."""

from torch.nn import functional as F


def analogy(vectors, vocab, a, b, c):
    target = vectors[vocab[a]] - vectors[vocab[b]] + vectors[vocab[c]]
    similarity = F.cosine_similarity(vectors, target.unsqueeze(0))
    similarity[[vocab[a], vocab[b], vocab[c]]] = -2
    similarity[vectors.norm(dim=1) == 0] = -2
    return list(vocab)[int(similarity.argmax())]
