"""Parts are made from the parts before them, and draws from a cumulative sum."""

import torch
from torch.nn import functional as F


class NameVocab(NameVocab):
    def __init__(self, names):
        text = self.normalize("".join(f"{name}\n" for name in names)).replace("\n", "")
        self.stoi = dict(zip((*SPECIALS, *sorted(set(text))), range(len(set(text)) + 3)))
        self.itos = {index: letter for letter, index in self.stoi.items()}

    def encode(self, name):
        return [self.stoi[c] if c in self.stoi else UNK for c in self.normalize(name)]


def joined_cell(x, h, W, b):
    W_x, W_h = W.split([len(x), len(h)], dim=1)
    return torch.tanh(W_x.mv(x) + W_h.mv(h) + b)


def gru_cell(x, h, W_ih, W_hh, b_ih, b_hh):
    gates = [W_ih[i * len(h) : (i + 1) * len(h)] @ x + b_ih[i * len(h) : (i + 1) * len(h)] for i in range(3)]
    held = [part @ h + bias for part, bias in zip(W_hh.split(len(h)), b_hh.split(len(h)))]
    r, z = ((g + s).sigmoid() for g, s in zip(gates[:2], held[:2]))
    return z * h + (1 - z) * (gates[2] + r * held[2]).tanh()


def bag_of_embeddings(table, ids, lengths):
    means = [
        table[row[:n]].mean(0) if n else torch.zeros_like(table[0]) for row, n in zip(ids, lengths.tolist())
    ]
    return torch.stack(means)


class NameClassifier(NameClassifier):
    def forward(self, ids, lengths):
        states, _ = self.gru(self.embedding(ids))
        pick = (lengths.to(ids.device) - 1).view(-1, 1, 1).expand(-1, 1, states.size(2))
        return F.log_softmax(self.out(states.gather(1, pick).squeeze(1)), 1)


def clip_gradients(parameters, max_norm):
    parameters = [p for p in parameters if p.grad is not None]
    norm = torch.stack([p.grad.norm() for p in parameters]).norm() if parameters else torch.tensor(0.0)
    factor = torch.clamp(max_norm / (norm + 1e-6), max=1.0)
    for p in parameters:
        p.grad = p.grad * factor
    return norm.item()


def train_classifier(model, batches, optimizer, max_norm=1.0):
    def step(ids, lengths, labels):
        optimizer.zero_grad(set_to_none=False)
        log_probs = model.train()(ids, lengths)
        loss = -log_probs[torch.arange(len(labels), device=labels.device), labels].mean()
        loss.backward()
        clip_gradients((p for p in model.parameters() if p.requires_grad), max_norm)
        optimizer.step()
        return loss.item()

    return [step(*batch) for batch in batches]


def confusion_matrix(predicted, actual, num_classes):
    classes = torch.arange(num_classes, device=actual.device)
    rows, columns = actual[:, None] == classes, predicted[:, None] == classes
    return (rows[:, :, None] & columns[:, None, :]).sum(0)


class NameGenerator(NameGenerator):
    def forward(self, category, ids):
        h = torch.stack([self.class_embedding(category)])
        return self.out(self.gru(self.embedding(ids), h)[0])


@torch.no_grad()
def sample_name(model, vocab, category, max_len=20, temperature=None, generator=None):
    device = model.embedding.weight.device
    text, ids = "", [END]
    while len(ids) <= max_len:
        scores = model(torch.tensor(category, device=device).view(1), torch.tensor(ids, device=device).view(1, -1))[0, -1]
        if temperature is None:
            ids.append(int(scores.topk(1).indices))
        else:
            shares = (scores / temperature).softmax(-1).cumsum(-1)
            at = torch.rand(1, generator=generator).to(device)
            ids.append(min(int((shares < at).sum()), len(shares) - 1))
        if ids[-1] == END:
            return text
        text += vocab.decode(ids[-1:])
    return text
