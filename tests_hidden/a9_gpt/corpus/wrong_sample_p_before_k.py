"""Filters by top_p first, on all tokens, then by top_k."""


def choose_token(logits, temperature=1.0, top_k=None, top_p=None, generator=None):
    if temperature == 0:
        return int(logits.argmax())
    scaled, order = (logits / temperature).sort(descending=True)
    probabilities = scaled.softmax(dim=0)
    if top_p is not None:
        probabilities = probabilities.masked_fill(probabilities.cumsum(0) - probabilities >= top_p, 0.0)
    if top_k is not None:
        probabilities[top_k:] = 0.0
    return int(order[torch.multinomial(probabilities, 1, generator=generator)])
