"""What takes the place of a TODO's neighbours while that TODO is judged; sent into the jail as source text."""

import torch
from torch import nn


def leaky_cell(x_t, h_prev, W_xh, W_hh, b):
    """In place of rnn_cell: another mixture of input and state."""
    return 0.5 * h_prev + torch.sin(W_xh @ x_t + W_hh @ h_prev + b)


def canned_packed(rnn, embeddings, lengths):
    """In place of run_packed: states that come from the inputs read so far, not from the network."""
    lengths = torch.as_tensor(lengths).to(embeddings.device)
    frequencies = torch.arange(1, rnn.hidden_size + 1, device=embeddings.device) * 0.2
    outputs = torch.sin(embeddings.cumsum(0).sum(-1, keepdim=True) * frequencies)
    rows = torch.arange(embeddings.shape[1], device=embeddings.device)
    return outputs, outputs[lengths - 1, rows].unsqueeze(0)


class LeakyCharRNN(nn.Module):
    """In place of CharRNN: the same weights, another mixture of input and state."""

    def __init__(self, vocab_size, hidden_size):
        super().__init__()
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.W_xh = nn.Parameter(torch.zeros(hidden_size, vocab_size))
        self.W_hh = nn.Parameter(torch.zeros(hidden_size, hidden_size))
        self.b_h = nn.Parameter(torch.zeros(hidden_size))
        self.W_hy = nn.Parameter(torch.zeros(vocab_size, hidden_size))
        self.b_y = nn.Parameter(torch.zeros(vocab_size))

    def init_hidden(self):
        return self.b_h.detach() * 0

    def step(self, x, h):
        h = 0.5 * h + torch.sin(self.W_xh @ x + self.W_hh @ h + self.b_h)
        return self.W_hy @ h + self.b_y, h


class Letters:
    """In place of CharVocab: characters in an order of their own."""

    def __init__(self, chars):
        class Names(dict):
            def __missing__(self, key):
                # an id may come as a tensor
                if isinstance(key, int):
                    raise KeyError(key)
                return self[int(key)]

        self.chars = list(chars)
        self.stoi = {char: index for index, char in enumerate(self.chars)}
        self.itos = Names(enumerate(self.chars))

    def __len__(self):
        return len(self.chars)

    def encode(self, text):
        return [self.stoi[char] for char in text]

    def decode(self, ids):
        return "".join(self.chars[int(index)] for index in ids)

    def one_hot(self, ids):
        index = torch.as_tensor(ids, dtype=torch.long)
        return torch.eye(len(self.chars), device=index.device)[index]


def next_ids(ids):
    """In place of make_targets."""
    return ids[1 - len(ids) :] if len(ids) > 1 else ids[:0]


def make_layer(kind, *sizes, **options):
    """One of torch's own layers, of torch's own type."""
    return getattr(torch.nn, kind)(*sizes, **options)


def make_half_frozen(width, hidden):
    """A linear layer whose weight is not trained, only its bias."""
    layer = nn.Linear(width, hidden)
    layer.weight.requires_grad_(False)
    return layer


def make_sgd(model, lr):
    """Plain gradient descent over a model's parameters."""
    return torch.optim.SGD(model.parameters(), lr=lr)


def make_generator(seed):
    """A source of random numbers."""
    return torch.Generator().manual_seed(seed)
