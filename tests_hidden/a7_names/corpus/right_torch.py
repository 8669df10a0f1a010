"""As much as possible left to torch's own layers and functions."""

import unicodedata
from itertools import chain

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import clip_grad_norm_
from torch.nn.utils.rnn import pack_padded_sequence


class NameVocab:
    def __init__(self, names):
        letters = set(chain.from_iterable(unicodedata.normalize("NFC", name.lower()) for name in names))
        self.stoi = {"<PAD>": 0, "<UNK>": 1, "<END>": 2} | {c: i for i, c in enumerate(sorted(letters), start=3)}
        self.itos = {i: c for c, i in self.stoi.items()}

    def __len__(self):
        return len(self.itos)

    def encode(self, name):
        return [self.stoi.get(c, self.stoi["<UNK>"]) for c in unicodedata.normalize("NFC", name.lower())]

    def decode(self, ids):
        ids = torch.as_tensor(ids, dtype=torch.long)
        return "".join(map(self.itos.get, ids[ids >= 3].tolist()))


def joined_cell(x, h, W, b):
    return F.linear(torch.hstack((x, h)), W, b).tanh()


def gru_cell(x, h, W_ih, W_hh, b_ih, b_hh):
    gi, gh = F.linear(x, W_ih, b_ih).view(3, -1), F.linear(h, W_hh, b_hh).view(3, -1)
    r, z = torch.sigmoid(gi[:2] + gh[:2]).unbind()
    n = torch.tanh(torch.addcmul(gi[2], r, gh[2]))
    return torch.lerp(n, h, z)


def bag_of_embeddings(table, ids, lengths):
    lengths = lengths.to(ids.device)
    mask = torch.arange(ids.shape[1], device=ids.device)[None, :] < lengths[:, None]
    flat = ids.masked_select(mask)
    offsets = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)[:-1]])
    if flat.numel() == 0:
        return table.new_zeros(len(ids), table.shape[1])
    sums = torch.zeros(len(ids), table.shape[1], device=table.device)
    owners = torch.repeat_interleave(torch.arange(len(ids), device=ids.device), lengths)
    sums = sums.index_add(0, owners, F.embedding(flat, table))
    return sums / torch.clamp(lengths, min=1)[:, None] + 0 * offsets[:, None]


class NameClassifier(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_classes):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.gru = nn.GRU(embedding_dim, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, num_classes)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embedding(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, h_n = self.gru(packed)
        return self.out(h_n[-1]).log_softmax(dim=1)


def clip_gradients(parameters, max_norm):
    return clip_grad_norm_(list(parameters), max_norm).item()


def train_classifier(model, batches, optimizer, max_norm=1.0):
    criterion = nn.NLLLoss()
    losses = []
    model.train(True)
    for ids, lengths, labels in batches:
        model.zero_grad()
        loss = criterion(model(ids=ids, lengths=lengths), labels)
        loss.backward()
        clip_gradients(model.parameters(), max_norm=max_norm)
        optimizer.step()
        losses.append(loss.detach().cpu().item())
    return losses


def confusion_matrix(predicted, actual, num_classes):
    return F.one_hot(actual, num_classes).T.cpu() @ F.one_hot(predicted, num_classes).cpu() if not actual.is_cuda and (
        actual.device.type == "cpu"
    ) else torch.zeros(num_classes, num_classes, dtype=torch.long, device=actual.device).index_put_(
        (actual, predicted), torch.ones_like(actual), accumulate=True
    )


class NameGenerator(nn.Module):
    def __init__(self, num_classes, vocab_size, embedding_dim, hidden_size):
        super().__init__()
        self.class_embedding = nn.Embedding(num_classes, hidden_size)
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.gru = nn.GRU(embedding_dim, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, vocab_size)

    def forward(self, category, ids):
        hidden_states, _ = self.gru(self.embedding(ids), self.class_embedding(category.view(1, -1)))
        return F.linear(hidden_states, self.out.weight, self.out.bias)


@torch.inference_mode()
def sample_name(model, vocab, category, max_len=20, temperature=None, generator=None):
    weight = model.embedding.weight
    category = torch.full((1,), category, dtype=torch.long, device=weight.device)
    ids = torch.full((1, 1), 2, dtype=torch.long, device=weight.device)
    for _ in range(max_len):
        logits = model(category, ids)[:, -1]
        if temperature is None:
            new = logits.argmax(-1, keepdim=True)
        else:
            new = torch.multinomial(F.softmax(logits.div(temperature), -1), 1, generator=generator)
        ids = torch.cat([ids, new], dim=1)
        if new.item() == 2:
            break
    return vocab.decode(ids[0].tolist())


def cool(logits, temperature):
    return torch.softmax(logits / temperature, dim=-1)


def bug_in_cool():
    return 1 + 2


def join_directions(h_n):
    return torch.cat(tuple(h_n), dim=-1)


def bug_in_join_directions():
    return len("def")
