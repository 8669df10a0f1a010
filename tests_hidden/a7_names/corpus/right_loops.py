"""Everything spelt out: loops over characters, rows and gates; the generator's state is carried by hand."""

import math
import unicodedata

import torch
from torch import nn
from torch.nn import functional as F


class NameVocab:
    def __init__(self, names):
        seen = []
        for name in names:
            for letter in unicodedata.normalize("NFC", name).lower():
                if letter not in seen:
                    seen.append(letter)
        seen.sort()
        self.itos = ["<PAD>", "<UNK>", "<END>"] + seen
        self.stoi = {}
        for i in range(len(self.itos)):
            self.stoi[self.itos[i]] = i

    def __len__(self):
        return len(self.stoi)

    def encode(self, name):
        ids = []
        for letter in unicodedata.normalize("NFC", name).lower():
            if letter in self.stoi:
                ids.append(self.stoi[letter])
            else:
                ids.append(1)
        return ids

    def decode(self, ids):
        text = ""
        for i in ids:
            if i not in (0, 1, 2):
                text += self.itos[i]
        return text


def joined_cell(x, h, W, b):
    new = []
    for row in range(W.shape[0]):
        total = b[row]
        total = total + (W[row, : x.shape[0]] * x).sum()
        total = total + (W[row, x.shape[0] :] * h).sum()
        new.append(total.tanh())
    return torch.stack(new)


def gru_cell(x, h, W_ih, W_hh, b_ih, b_hh):
    H = h.shape[0]
    r = 1 / (1 + torch.exp(-(W_ih[:H] @ x + b_ih[:H] + W_hh[:H] @ h + b_hh[:H])))
    z = 1 / (1 + torch.exp(-(W_ih[H : 2 * H] @ x + b_ih[H : 2 * H] + W_hh[H : 2 * H] @ h + b_hh[H : 2 * H])))
    n = torch.tanh(W_ih[2 * H :] @ x + b_ih[2 * H :] + r * (W_hh[2 * H :] @ h + b_hh[2 * H :]))
    return n + z * (h - n)


def bag_of_embeddings(table, ids, lengths):
    rows = []
    for b in range(ids.shape[0]):
        n = int(lengths[b])
        if n == 0:
            rows.append(torch.zeros(table.shape[1], device=table.device))
        else:
            total = 0
            for s in range(n):
                total = total + table[ids[b, s]]
            rows.append(total / n)
    return torch.stack(rows)


class NameClassifier(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_classes):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.gru = nn.GRU(embedding_dim, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, num_classes)

    def forward(self, ids, lengths):
        rows = []
        for b in range(ids.shape[0]):
            _, state = self.gru(self.embedding(ids[b : b + 1, : int(lengths[b])]))
            logits = self.out(state[0, 0])
            rows.append(logits - torch.logsumexp(logits, dim=0))
        return torch.stack(rows)


def clip_gradients(parameters, max_norm):
    kept, squares = [], 0.0
    for parameter in parameters:
        if parameter.grad is None:
            continue
        kept.append(parameter)
        squares += (parameter.grad.double().cpu() ** 2).sum().item()
    norm = math.sqrt(squares)
    if norm > max_norm:
        for parameter in kept:
            parameter.grad = parameter.grad * (max_norm / (norm + 1e-6))
    return norm


def train_classifier(model, batches, optimizer, max_norm=1.0):
    losses = []
    for batch in batches:
        model.train()
        ids, lengths, labels = batch
        for parameter in model.parameters():
            parameter.grad = None
        log_probs = model(ids, lengths)
        loss = 0
        for b in range(len(labels)):
            loss = loss - log_probs[b, labels[b]]
        loss = loss / len(labels)
        loss.backward()
        clip_gradients(list(model.parameters()), max_norm)
        optimizer.step()
        losses.append(float(loss))
    return losses


def confusion_matrix(predicted, actual, num_classes):
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.long, device=actual.device)
    for p, a in zip(predicted.tolist(), actual.tolist()):
        matrix[a, p] += 1
    return matrix


class NameGenerator(nn.Module):
    def __init__(self, num_classes, vocab_size, embedding_dim, hidden_size):
        super().__init__()
        self.class_embedding = nn.Embedding(num_classes, hidden_size)
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.gru = nn.GRU(embedding_dim, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, vocab_size)

    def forward(self, category, ids):
        state = self.class_embedding(category)[None]
        logits = []
        for s in range(ids.shape[1]):
            output, state = self.gru(self.embedding(ids[:, s : s + 1]), state)
            logits.append(self.out(output[:, 0]))
        return torch.stack(logits, dim=1)


def sample_name(model, vocab, category, max_len=20, temperature=None, generator=None):
    device = model.out.weight.device
    with torch.no_grad():
        state = model.class_embedding(torch.tensor([category], device=device)).reshape(1, 1, -1)
        last, chosen = 2, []
        while len(chosen) < max_len:
            output, state = model.gru(model.embedding(torch.tensor([[last]], device=device)), state)
            scores = model.out(output.reshape(-1))
            if temperature is None:
                last = scores.argmax().item()
            else:
                last = torch.multinomial(F.softmax(scores / temperature, 0), 1, generator=generator).item()
            if last == 2:
                break
            chosen.append(last)
    return vocab.decode(chosen)


def cool(logits, temperature):
    largest = logits.max()
    weights = [torch.exp((logit - largest) / temperature) for logit in logits]
    return torch.stack([weight / sum(weights) for weight in weights])


def bug_in_cool():
    return 3


def join_directions(h_n):
    rows = []
    for row in range(h_n.shape[1]):
        rows.append(torch.cat([h_n[0, row], h_n[1, row]]))
    return torch.stack(rows)


def bug_in_join_directions():
    line = 3
    return line
