"""Everything spelt out: loops over steps, rows and positions."""

import torch
from torch import nn
from torch.nn import functional as F


def rnn_cell(x_t, h_prev, W_xh, W_hh, b):
    total = b.clone()
    for j in range(x_t.shape[0]):
        total = total + W_xh[:, j] * x_t[j]
    for j in range(h_prev.shape[0]):
        total = total + W_hh[:, j] * h_prev[j]
    return 2 / (1 + torch.exp(-2 * total)) - 1


def unroll(x, h_0, W_xh, W_hh, b):
    states = torch.zeros(0, h_0.shape[0], device=x.device)
    h = h_0
    for t in range(x.shape[0]):
        h = rnn_cell(x_t=x[t], h_prev=h, W_xh=W_xh, W_hh=W_hh, b=b)
        states = torch.cat([states, h[None]])
    return states, states[-1:]


def count_parameters(module):
    total = 0
    for _, parameter in module.named_parameters():
        if parameter.requires_grad:
            entries = 1
            for size in parameter.shape:
                entries *= size
            total += entries
    return total


class SentenceClassifier(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_classes):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.RNN(embedding_dim, hidden_size, batch_first=True)
        self.fully_connected_layer = nn.Linear(hidden_size, num_classes)

    def forward(self, ids, lengths):
        rows = []
        for b in range(ids.shape[0]):
            sentence = ids[b, : int(lengths[b])]
            _, h_n = self.rnn(self.word_embeddings(sentence).unsqueeze(0))
            rows.append(self.fully_connected_layer(h_n[0, 0]))
        return torch.stack(rows)


class TokenTagger(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_classes):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.RNN(embedding_dim, hidden_size, batch_first=True)
        self.fully_connected_layer = nn.Linear(hidden_size, num_classes)

    def forward(self, ids, lengths):
        batch, steps = ids.shape
        rows = []
        for b in range(batch):
            n = int(lengths[b])
            states, _ = self.rnn(self.word_embeddings(ids[b : b + 1, :n]))
            logits = self.fully_connected_layer(states[0])
            rows.append(F.pad(logits, (0, 0, 0, steps - n), value=-1.0))
        return torch.stack(rows, dim=0)


def run_packed(rnn, embeddings, lengths):
    steps = embeddings.shape[0]
    outputs, states = [], []
    for b, length in enumerate(lengths.tolist()):
        output, state = rnn(embeddings[:length, b : b + 1])
        outputs.append(F.pad(output, (0, 0, 0, 0, 0, steps - length)))
        states.append(state)
    if isinstance(rnn, nn.LSTM):
        joined = (torch.cat([h for h, _ in states], dim=1), torch.cat([c for _, c in states], dim=1))
    else:
        joined = torch.cat(states, dim=1)
    return torch.cat(outputs, dim=1), joined


class CharVocab:
    def __init__(self, text):
        self.chars = []
        for char in sorted(text):
            if not self.chars or self.chars[-1] != char:
                self.chars.append(char)
        self.stoi, self.itos = {}, {}
        for i in range(len(self.chars)):
            self.stoi[self.chars[i]] = i
            self.itos[i] = self.chars[i]

    def __len__(self):
        return len(self.stoi)

    def encode(self, text):
        ids = []
        for char in text:
            ids.append(self.stoi[char])
        return ids

    def decode(self, ids):
        text = ""
        for i in ids:
            text += self.itos[i]
        return text

    def one_hot(self, ids):
        rows = torch.zeros(len(ids), len(self))
        for row, i in enumerate(ids):
            rows[row, i] = 1
        return rows


def make_targets(ids):
    targets = []
    for position in range(1, len(ids)):
        targets.append(ids[position])
    return targets


class CharRNN(nn.Module):
    def __init__(self, vocab_size, hidden_size):
        super().__init__()
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.W_xh = nn.Parameter(torch.randn(hidden_size, vocab_size) * 0.1)
        self.W_hh = nn.Parameter(torch.randn(hidden_size, hidden_size) * 0.1)
        self.b_h = nn.Parameter(torch.zeros(hidden_size))
        self.W_hy = nn.Parameter(torch.randn(vocab_size, hidden_size) * 0.1)
        self.b_y = nn.Parameter(torch.zeros(vocab_size))

    def init_hidden(self):
        return torch.zeros_like(self.b_h)

    def step(self, x, h):
        letter = int(x.argmax())
        new = torch.tanh(self.W_xh[:, letter] + torch.mv(self.W_hh, h) + self.b_h)
        return torch.mv(self.W_hy, new) + self.b_y, new


def generate(model, vocab, prime, length, temperature=None, generator=None):
    if len(prime) == 0:
        raise ValueError("nothing to begin with")
    h = model.init_hidden()
    text = prime
    for position in range(len(prime) + length - 1):
        x = vocab.one_hot([vocab.stoi[text[position]]])[0].to(h.device)
        logits, h = model.step(x, h)
        if position < len(prime) - 1:
            continue
        if temperature is not None:
            # the Gumbel trick: noise, then the best
            noise = -torch.log(-torch.log(torch.rand(logits.shape, generator=generator)))
            logits = logits / temperature + noise.to(logits.device)
        text += vocab.itos[logits.argmax().item()]
    return text


def truncated_bptt(model, ids, chunk_size, optimizer):
    losses = []
    h = model.init_hidden()
    total, count = 0, 0
    for position in range(len(ids) - 1):
        x = torch.zeros(model.vocab_size, device=h.device)
        x[ids[position]] = 1
        logits, h = model.step(x, h)
        total = total - torch.log_softmax(logits, dim=0)[ids[position + 1]]
        count += 1
        if count == chunk_size or position == len(ids) - 2:
            optimizer.zero_grad()
            (total / count).backward()
            optimizer.step()
            losses.append(float(total.detach()) / count)
            h = h.data.clone()
            total, count = 0, 0
    return losses


def gradient_norms(rnn, x):
    norms = torch.zeros(len(x), device=x.device)
    x = x.clone().requires_grad_()
    output, _ = rnn(x.unsqueeze(1))
    for unit in range(output.shape[-1]):
        (gradient,) = torch.autograd.grad(output[-1, 0, unit], x, retain_graph=True)
        norms += (gradient**2).sum(dim=1)
    return torch.sqrt(norms)
