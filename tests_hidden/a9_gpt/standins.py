"""What takes the place of a TODO's neighbours while that TODO is judged; sent into the jail as source text."""

import torch
from torch import nn


def count_neighbours(words):
    """In place of count_pairs."""
    counts = {}
    for symbols, count in words.items():
        for pair in zip(symbols, symbols[1:], strict=False):
            counts[pair] = counts.get(pair, 0) + count
    return counts


def join_neighbours(words, pair):
    """In place of merge_pair."""
    joined = {}
    for symbols, count in words.items():
        parts = []
        for symbol in symbols:
            # A part that was joined is used up: the mark keeps it from being joined once more.
            if parts and parts[-1] == (pair[0], True) and symbol == pair[1]:
                parts[-1] = (pair[0] + pair[1], False)
            else:
                parts.append((symbol, True))
        key = tuple(symbol for symbol, _ in parts)
        joined[key] = joined.get(key, 0) + count
    return joined


def empty_after(function, *inputs):
    """Empty the dict that a function returns, and give the inputs: they differ if it is one of them."""
    result = function(*inputs)
    if isinstance(result, dict):
        result.clear()
    return list(inputs)


class FadingAttention(nn.Module):
    """In place of CausalSelfAttention: a mean over what came before, in which the past fades; the gain tells two apart."""

    def __init__(self, d_model, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.gain = nn.Parameter(torch.ones(d_model))

    def forward(self, x, return_weights=False, *_, **__):
        steps = torch.arange(x.shape[1], device=x.device)
        age = steps.unsqueeze(1) - steps
        weights = torch.where(age < 0, 0.0, 1.0 / (1 + age.clamp(min=0))).to(x.dtype)
        weights = weights / weights.sum(-1, keepdim=True)
        output = weights @ (self.gain * x)
        return (output, weights.expand(x.shape[0], self.num_heads, -1, -1)) if return_weights is True else output


class FadingBlock(nn.Module):
    """In place of Block: a bent sum over what came before."""

    def __init__(self, d_model, num_heads, d_ff):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(d_model))

    def forward(self, x, *_, **__):
        steps = torch.arange(1, x.shape[1] + 1, device=x.device).unsqueeze(-1)
        return x + torch.sin(self.gain * x.cumsum(1) / steps)


class KeepingBlock(nn.Module):
    """A part of PlainModel: what earlier positions gave fades with their age."""

    def __init__(self, d_model, max_len, extend):
        super().__init__()
        self.k, self.v = nn.Linear(d_model, d_model), nn.Linear(d_model, d_model)
        self.max_len, self.extend = max_len, extend

    def forward(self, x, cache=None):
        k, v = self.k(x).unsqueeze(1), self.v(x).unsqueeze(1)
        if cache is not None:
            k, v = self.extend(cache, k, v)
        new, seen = x.shape[1], k.shape[2]
        if seen > self.max_len:
            raise ValueError(f"{seen} positions are more than {self.max_len}")
        age = torch.arange(seen - new, seen, device=x.device).unsqueeze(-1) - torch.arange(seen, device=x.device)
        shares = torch.where(age < 0, 0.0, 0.8 ** age.clamp(min=0)).to(x.dtype)
        # A key and the value of its own position: they count together, in whatever order both are kept.
        return x + torch.tanh(shares @ (torch.sin(k) * v)).squeeze(1)


class PlainModel(nn.Module):
    """In place of a model that does not run: it keeps what it has read as the skeleton does, and has no attention."""

    def __init__(self, vocab_size, d_model, layers, max_len, block, extend):
        super().__init__()
        self.tok = nn.Embedding(vocab_size, d_model)
        self.pos = nn.Embedding(max_len, d_model)
        self.blocks = nn.ModuleList(block(d_model, max_len, extend) for _ in range(layers))
        self.ln = nn.LayerNorm(d_model)

    def forward(self, ids, caches=None):
        x = self.tok(ids)
        for number, block in enumerate(self.blocks):
            x = block(x, caches[number] if caches else None)
        return self.ln(x) @ self.tok.weight.T


def keep_both(cache, k, v):
    """In place of extend_cache, on this side only: nothing is cached here."""
    return k, v


def extend_often(extend, parts):
    """What one cache gives back each time that it is extended."""
    cache = {}
    return [extend(cache, k, v) for k, v in parts]


def draw_next(logits, temperature=1.0, top_k=None, top_p=None, generator=None):
    """In place of choose_token: the filters by rank, and a draw from the inverse of the cumulative sum."""
    if not temperature:
        return int(logits.argmax())
    best = (logits / temperature).sort(descending=True)
    shares = best.values[: top_k or len(logits)].softmax(0)
    if top_p is not None:
        shares = shares[: 1 + int((shares.cumsum(0) < top_p).sum())]
    at = torch.rand((), generator=generator, device=logits.device) * shares.sum()
    return int(best.indices[min(int((shares.cumsum(0) < at).sum()), len(shares) - 1)])


def draw_many(choose, logits, count, seed, options):
    """So many draws from the same logits, with one generator."""
    generator = torch.Generator(device=logits.device).manual_seed(seed)
    return [int(choose(logits, generator=generator, **options)) for _ in range(count)]


def make_generator(seed):
    """A source of random numbers."""
    return torch.Generator().manual_seed(seed)


def train_once(model, ids, lr):
    """The logits after one step of gradient descent on another token than the next one."""
    loss = model(ids).log_softmax(-1).gather(-1, ids.unsqueeze(-1)).mean()
    parameters = list(model.parameters())
    slopes = torch.autograd.grad(loss, parameters, allow_unused=True)
    with torch.no_grad():
        for parameter, slope in zip(parameters, slopes, strict=True):
            if slope is not None:
                parameter += lr * slope
        return model(ids)


def write_greedily(model, ids, count, max_len):
    """What a model writes by its own forward, read from the last max_len tokens each time."""
    written = list(ids)
    with torch.no_grad():
        for _ in range(count):
            window = torch.tensor([written[-max_len:]], device=next(model.parameters()).device)
            written.append(int(model(window)[0, -1].argmax()))
    return written


def looks_ahead(model, ids):
    """Whether the logits of a position depend on a later token."""
    other = ids.clone()
    other[:, -1] = (other[:, -1] + 1) % 5
    with torch.no_grad():
        return not torch.allclose(model(ids)[:, :-1], model(other)[:, :-1], atol=1e-5)


def can_be_run(GPT, sizes, ids):  # noqa: N803 - the name of the class
    """Whether the submission's own model can be made and gets through a text without a cache."""
    try:
        model = GPT(*sizes)
        with torch.no_grad():
            return model(ids).shape == (*ids.shape, sizes[0])
    except Exception:  # noqa: BLE001 - whatever it is, the tests of the part that raises charge it
        return False


def runs(model, ids):
    """Whether a model's own forward gets through where it is now."""
    try:
        return model(ids).device == ids.device
    except Exception:  # noqa: BLE001 - whatever it is, the test of the part that raises charges it
        return False


def measure_work(call, *inputs, **options):
    """The multiplications in the matrix products of a call."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Meter(TorchDispatchMode):
        total = 0

        @classmethod
        def _should_skip_dynamo(cls):
            return False  # otherwise torch imports its compiler here: a second for each submission

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            name = str(function)
            result = function(*args, **(kwargs or {}))
            # In inference mode linear and matmul arrive whole.
            if any(
                f".{kind}." in name for kind in ("mm", "addmm", "bmm", "baddbmm", "mv", "addmv", "linear", "matmul")
            ):
                matrices = [item for item in args if isinstance(item, torch.Tensor) and item.dim() > 1]
                self.total += result.numel() * matrices[-2:][0].shape[-1]
            return result

    with Meter() as meter:
        call(*inputs, **options)
    return meter.total
