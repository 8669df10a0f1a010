"""The given vectors are brought to length one in place."""


def analogy(vectors, vocab, a, b, c):
    target = vectors[vocab[a]] - vectors[vocab[b]] + vectors[vocab[c]]
    zero = vectors.norm(dim=1) == 0
    vectors /= vectors.norm(dim=1, keepdim=True).clamp(min=1e-12)
    similarity = vectors @ target
    similarity[zero] = -float("inf")
    return max((word for word in vocab if word not in (a, b, c)), key=lambda word: similarity[vocab[word]].item())
