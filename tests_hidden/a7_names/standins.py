"""What takes the place of a TODO's neighbours while that TODO is judged; sent into the jail as source text."""

import torch
from torch import nn


def clip_to_norm(parameters, max_norm):
    """In place of clip_gradients."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norm = torch.cat([gradient.flatten() for gradient in gradients]).norm() if gradients else torch.zeros(())
    for gradient in gradients:
        gradient *= max_norm / max(float(norm), max_norm)
    return float(norm)


def clip_and_read(clip, gradients, max_norm, as_stream=False):
    """Clip parameters that have these gradients, some None: what came back, and gradients and parameters after it."""
    parameters = []
    for number, gradient in enumerate(gradients):
        like = torch.zeros(3) if gradient is None else gradient
        parameters.append(nn.Parameter(torch.full_like(like, 0.5 + number)))
        parameters[-1].grad = None if gradient is None else gradient.clone()
    norm = clip((parameter for parameter in parameters) if as_stream else parameters, max_norm)
    return norm, [parameter.grad for parameter in parameters], [parameter.detach() for parameter in parameters]


class SumClassifier(nn.Module):
    """A small model of log-probabilities, which gives something else where it is not in train mode."""

    def __init__(self, vocab_size, num_classes):
        super().__init__()
        self.table = nn.Embedding(vocab_size, num_classes)
        self.unused = nn.Parameter(torch.zeros(2))

    def forward(self, ids, lengths):
        real = torch.arange(ids.shape[1], device=ids.device) < lengths.to(ids.device).unsqueeze(1)
        scores = (self.table(ids) * real.unsqueeze(-1)).sum(1)
        return torch.log_softmax(scores if self.training else 0.1 * scores, dim=-1)


def make_sgd(model, lr):
    """Plain gradient descent over a model's parameters."""
    return torch.optim.SGD(model.parameters(), lr=lr)


def leave_gradients(model):
    """Give every parameter a gradient from an earlier, unrelated step."""
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)


def stream(items):
    """The items as a generator, which can be read only once."""
    yield from items


def measure_shift(model, optimizer, train, batches, max_norm):
    """By how far, at most, the weights move over the batches."""
    before = [parameter.detach().clone() for parameter in model.parameters()]
    train(model, batches, optimizer, max_norm)
    return float(sum((a - b).pow(2).sum() for a, b in zip(model.parameters(), before, strict=True)) ** 0.5)


class Writer(nn.Module):
    """In place of NameGenerator: its layers, and a forward that uses them in order."""

    def __init__(self, num_classes, vocab_size, embedding_dim, hidden_size):
        super().__init__()
        self.class_embedding = nn.Embedding(num_classes, hidden_size)
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.gru = nn.GRU(embedding_dim, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, vocab_size)

    def forward(self, category, ids):
        return self.out(self.gru(self.embedding(ids), self.class_embedding(category)[None])[0])


class Letters:
    """In place of NameVocab: characters in an order of their own, after the three specials."""

    def __init__(self, letters):
        class Names(dict):
            def __missing__(self, key):
                # an id may come as a tensor
                if isinstance(key, int):
                    raise KeyError(key)
                return self[int(key)]

        names = ["<PAD>", "<UNK>", "<END>", *letters]
        self.itos = Names(enumerate(names))
        self.stoi = {name: index for index, name in enumerate(names)}

    def __len__(self):
        return len(self.stoi)

    def encode(self, name):
        return [self.stoi.get(letter, 1) for letter in name]

    def decode(self, ids):
        return "".join(self.itos[int(index)] for index in ids if int(index) > 2)


def draw_many(sample, model, vocab, count, seed, temperature):
    """So many names of two characters at most, with one generator."""
    generator = torch.Generator(device=model.out.weight.device).manual_seed(seed)
    return [sample(model, vocab, 0, 2, temperature, generator) for _ in range(count)]


def make_generator(seed):
    """A source of random numbers."""
    return torch.Generator().manual_seed(seed)
