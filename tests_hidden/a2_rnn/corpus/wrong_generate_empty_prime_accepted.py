"""An empty prime starts from a character of its own."""

import torch


@torch.no_grad()
def generate(model, vocab, prime, length, temperature=None, generator=None):
    if not prime:
        prime = vocab.chars[0]
    h = model.init_hidden()
    for x in vocab.one_hot(vocab.encode(prime)).to(h.device):
        logits, h = model.step(x, h)
    chosen = []
    for _ in range(length):
        if temperature is None:
            choice = int(logits.argmax())
        else:
            probabilities = torch.softmax(logits / temperature, dim=0)
            choice = int(torch.multinomial(probabilities, 1, generator=generator))
        chosen.append(choice)
        logits, h = model.step(vocab.one_hot([choice])[0].to(h.device), h)
    return prime + vocab.decode(chosen)
