"""Inputs are made on the CPU, wherever the model is."""

import torch


@torch.no_grad()
def generate(model, vocab, prime, length, temperature=None, generator=None):
    if not prime:
        raise ValueError("the prime is empty")
    h = model.init_hidden()
    for x in vocab.one_hot(vocab.encode(prime)):
        logits, h = model.step(x, h)
    chosen = []
    for _ in range(length):
        if temperature is None:
            choice = int(logits.argmax())
        else:
            probabilities = torch.softmax(logits / temperature, dim=0)
            choice = int(torch.multinomial(probabilities, 1, generator=generator))
        chosen.append(choice)
        logits, h = model.step(vocab.one_hot([choice])[0], h)
    return prime + vocab.decode(chosen)
