"""Filters the untempered probabilities, and applies the temperature at the end."""


def choose_token(logits, temperature=1.0, top_k=None, top_p=None, generator=None):
    if temperature == 0:
        return int(logits.argmax())
    scaled, order = logits.sort(descending=True)
    if top_k is not None:
        scaled[top_k:] = float("-inf")
    probabilities = scaled.softmax(dim=0)
    if top_p is not None:
        scaled = scaled.masked_fill(probabilities.cumsum(0) - probabilities >= top_p, float("-inf"))
    return int(order[torch.multinomial((scaled / temperature).softmax(dim=0), 1, generator=generator)])
