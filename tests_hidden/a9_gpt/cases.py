"""Inputs, weights and readings that several test files of this assignment share."""

from __future__ import annotations

import math
from dataclasses import dataclass

import standins
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from grader.examiner import as_ids, assert_equal, fill_weights, is_clear, load_weights

HEADS = 2
VOCAB_SIZE = 29
MAX_LEN = 16
END = "</w>"
# A right implementation is further off than this once in a hundred million times.
SIX_SIGMA = 6
DRAWS = 300


# Words and pairs


def draw_text(draw, count: int, *, letters: str = "abc") -> str:
    """Words of few letters, so that pairs meet again; both scripts, some words several times."""
    words = ["".join(draw.choice(letters) for _ in range(draw.integer(2, 6))) for _ in range(count)]
    words += ["".join(draw.choice("가나다") for _ in range(draw.integer(2, 4))) for _ in range(count // 3)]
    return " ".join(draw.shuffled([*words, *words[: count // 2]]))


def draw_words(draw, count: int = 8) -> dict[tuple[str, ...], int]:
    """Words as tuples of symbols, some of them longer than a character, with their counts."""
    symbols = ["a", "b", "ab", "가", "나", END]
    words = {tuple(draw.choice(symbols) for _ in range(draw.integer(2, 7))): 0 for _ in range(count)}
    return {symbols: draw.integer(1, 9) for symbols in words}


def read_table(table) -> list[tuple]:
    """The entries of a dict in one order; anything but a dict with tuples as keys fails the test."""
    assert isinstance(table, dict), "expected a dict"
    assert all(isinstance(key, tuple) for key in table), "expected every key to be a tuple of symbols"
    return sorted(table.items())


def assert_same_table(found, expected, message: str) -> None:
    """Compare two dicts; in a gate by the share of entries that are right."""
    entries, right = read_table(found), read_table(expected)
    # Whole entries in one order, as text: a key without its count is no part of an answer.
    assert_equal([repr(entry) for entry in entries], [repr(entry) for entry in right], message)


def read_merges(merges) -> list[tuple[str, ...]]:
    """Merges as tuples; anything but a list of pairs fails the test."""
    assert isinstance(merges, (list, tuple)), "expected a list of pairs"
    assert all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in merges), (
        "expected every merge to be a pair"
    )
    return [tuple(pair) for pair in merges]


def read_symbols(symbols) -> list[str]:
    """A list of strings; anything else fails the test."""
    assert isinstance(symbols, (list, tuple)), "expected a list of symbols"
    assert all(isinstance(symbol, str) for symbol in symbols), "expected every symbol to be a string"
    return list(symbols)


def use_right_pairs(student):
    """Put right neighbours in the place of count_pairs and merge_pair."""
    student.replace(count_pairs=standins.count_neighbours, merge_pair=standins.join_neighbours)


# Attention, block and model


def draw_attention(reference, draw, *, heads: int = HEADS, batch: int = 3, steps: int | None = None):
    """Reference attention with drawn weights, and x [B,T,D]."""
    width, length = draw.sizes(2, low=4, high=7)
    ours = fill_weights(reference.CausalSelfAttention(heads * width, heads), draw, scale=0.5)
    return ours, draw.tensor(batch, steps or length, heads * width)


def send_attention(student, ours: nn.Module):
    """The submission's attention with our weights."""
    theirs = student.CausalSelfAttention(ours.proj.in_features, ours.num_heads)
    load_weights(theirs, ours)
    return theirs


@torch.no_grad()
def attention_mistakes(ours: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """What attention gives after a known mistake."""
    q, k, v = (part.unflatten(-1, (ours.num_heads, -1)).transpose(1, 2) for part in ours.qkv(x).chunk(3, dim=-1))
    future = torch.ones(x.shape[1], x.shape[1]).triu(1).bool()

    def finish(scores: Tensor, values: Tensor = v, *, hidden: Tensor = future) -> Tensor:
        weights = scores.masked_fill(hidden, float("-inf")).softmax(-1)
        return ours.proj((weights @ values).transpose(1, 2).flatten(-2))

    products = q @ k.transpose(-2, -1)
    scores = products / math.sqrt(q.shape[-1])
    late = scores.softmax(-1).masked_fill(future, 0.0) @ v
    return {
        "the scores were not scaled: divide them by sqrt(d)": finish(products),
        "the scores look divided by sqrt(d_model): each head has d_model / num_heads features": finish(
            products / math.sqrt(x.shape[-1])
        ),
        "every position sees the whole text: hide what comes after it": finish(scores, hidden=future & False),
        "the mask comes after the softmax: the weights no longer sum to 1": ours.proj(late.transpose(1, 2).flatten(-2)),
        "qkv holds queries, keys and values in this order": finish(scores.transpose(-2, -1)),
        "the last projection is missing": (scores.masked_fill(future, float("-inf")).softmax(-1) @ v)
        .transpose(1, 2)
        .flatten(-2),
        "the heads were joined without swapping their axis back": ours.proj(
            (scores.masked_fill(future, float("-inf")).softmax(-1) @ v).reshape(x.shape)
        ),
    }


def make_block(student, reference, draw, monkeypatch):
    """The block on either side, around a stand-in for its attention: ours, theirs, d_model."""
    width, d_ff = draw.sizes(2, low=4, high=7)
    arguments = (HEADS * width, HEADS, 2 * d_ff + 1)
    monkeypatch.setattr(reference, "CausalSelfAttention", standins.FadingAttention)
    ours = fill_weights(reference.Block(*arguments), draw, scale=0.5)
    student.replace(CausalSelfAttention=student.define(standins.FadingAttention))
    theirs = student.Block(*arguments)
    load_weights(theirs, ours)
    return ours, theirs, HEADS * width


@torch.no_grad()
def block_mistakes(ours: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """What a block gives after a known mistake."""
    middle = x + ours.attn(ours.ln1(x))
    hidden = ours.mlp[0](ours.ln2(middle))
    post = ours.ln1(x + ours.attn(x))
    return {
        "the norms come after the sums: here each sublayer normalises its input (pre-norm)": ours.ln2(
            post + ours.mlp(post)
        ),
        "x was not added to what attention gave": (own := ours.attn(ours.ln1(x))) + ours.mlp(ours.ln2(own)),
        "what went into the mlp was not added to its result": ours.mlp(ours.ln2(middle)),
        "ln1 was used twice: ln2 belongs to the mlp": middle + ours.mlp(ours.ln1(middle)),
        "the mlp reads x: it comes after attention": middle + ours.mlp(ours.ln2(x)),
        "the normalised x was added: add x itself": (one := (n := ours.ln1(x)) + ours.attn(n))
        + ours.mlp(ours.ln2(one)),
        "the activation is relu: gelu is asked for": middle + ours.mlp[2](F.relu(hidden)),
    }


@dataclass(frozen=True)
class ModelCase:
    """The same model on either side, around stand-in blocks."""

    ours: nn.Module
    theirs: object
    sizes: tuple[int, int, int, int, int]

    @property
    def vocab_size(self) -> int:
        """The number of tokens."""
        return self.sizes[0]

    @property
    def max_len(self) -> int:
        """The number of positions."""
        return self.sizes[-1]


def make_model(student, reference, draw, monkeypatch, *, layers: int = 2) -> ModelCase:
    """A GPT whose blocks are stand-ins, with the same drawn weights on both sides."""
    vocab_size, width, max_len = draw.sizes(3, low=5, high=11)
    sizes = (vocab_size, HEADS * width, HEADS, layers, max_len)
    monkeypatch.setattr(reference, "Block", standins.FadingBlock)
    ours = fill_weights(reference.GPT(*sizes), draw, scale=0.7)
    student.replace(Block=student.define(standins.FadingBlock))
    theirs = student.GPT(*sizes)
    load_weights(theirs, ours)
    return ModelCase(ours, theirs, sizes)


@torch.no_grad()
def model_mistakes(ours: nn.Module, ids: Tensor) -> dict[str, Tensor]:
    """What a model gives after a known mistake."""
    steps = torch.arange(ids.shape[1])

    def finish(x: Tensor, *, norm: bool = True, blocks=ours.blocks) -> Tensor:
        for block in blocks:
            x = block(x)
        return ours.head(ours.ln(x) if norm else x)

    both = ours.tok(ids) + ours.pos(steps)
    return {
        "the positions are missing": finish(ours.tok(ids)),
        "the last norm is missing": finish(both, norm=False),
        "the logits became log-probabilities": finish(both).log_softmax(-1),
        "the logits became probabilities": finish(both).softmax(-1),
        "the blocks were left out": finish(both, blocks=()),
        "not every block was run": finish(both, blocks=ours.blocks[:1]),
    }


# Choosing


def measure_shares(student, logits: Tensor, seed: int, **options) -> Tensor:
    """How often each token comes among many draws."""
    draws = student.define(standins.draw_many)(student.choose_token, logits, DRAWS, seed, options)
    return torch.bincount(torch.tensor(as_ids(draws)), minlength=len(logits)).double()


def assert_shares(counts: Tensor, probabilities: Tensor, message: str) -> None:
    """Tokens come as often as their probabilities say, and impossible ones never."""
    assert len(counts) == len(probabilities), "a token was chosen that has no logit"
    assert not bool(counts[probabilities == 0].any()), f"{message}: a token came that the filter should take out"
    spread = (DRAWS * probabilities * (1 - probabilities)).sqrt()
    near = (counts - DRAWS * probabilities).abs() <= SIX_SIGMA * spread + 1e-6
    assert bool(near.all()), f"{message}: tokens come too often or too rarely"


# Writing


@dataclass(frozen=True)
class Writer:
    """A model on the other side, a prompt, and what follows by the model's own forward."""

    model: object
    prompt: Tensor
    written: list[int]


def make_writer(student, reference, draw, *, prompt: int = 4, count: int = 8, layers: int = 1) -> Writer:
    """A model with weights from which writing visits several tokens; a stand-in chooses.

    It is the submission's own model, if that runs, else a plain one, so that a layer that raises costs nothing here.
    What follows is read from the model's own forward, so that a mistake there costs nothing either. With one block and
    one head a cache is right even where positions see the future, or the heads were cut in another way.
    """
    student.replace(choose_token=standins.draw_next)
    sizes = (VOCAB_SIZE, 8, layers, layers, MAX_LEN)
    plain = (VOCAB_SIZE, 8, layers, MAX_LEN)
    is_own = student.define(standins.can_be_run)(student.GPT, sizes, draw.ids(VOCAB_SIZE, 1, 4))
    for _ in range(100):
        ours = (
            reference.GPT(*sizes) if is_own else standins.PlainModel(*plain, standins.KeepingBlock, standins.keep_both)
        )
        fill_model(ours, draw)
        ids = draw.ids(VOCAB_SIZE, prompt)
        if is_telling(ours, ids, count):
            break
    else:
        raise RuntimeError("no telling model in 100 draws")
    if is_own:
        theirs = student.GPT(*sizes)
    else:
        block = student.define(standins.KeepingBlock)
        theirs = student.define(standins.PlainModel)(*plain, block, student.extend_cache)
    load_weights(theirs, ours)
    theirs.eval()
    own = student.define(standins.write_greedily)(theirs, ids.tolist(), count, MAX_LEN)
    return Writer(theirs, ids, as_ids(own))


@torch.no_grad()
def fill_model(model: nn.Module, draw) -> None:
    """Draw weights of a model that seldom repeats itself: by its last norm each token speaks against itself."""
    fill_weights(model, draw, scale=0.5).eval()
    for name, parameter in model.named_parameters():
        if name.startswith(("tok", "pos")):
            parameter.mul_(2)
        elif "ln" in name:
            centre = {"ln.weight": -1.0}.get(name, float(name.endswith("weight")))
            parameter.mul_(0.2).add_(centre)


@torch.no_grad()
def is_telling(model: nn.Module, ids: Tensor, count: int) -> bool:
    """Whether greedy writing visits several tokens, and each of them leads clearly."""
    written, prompt = ids.tolist(), len(ids)
    for _ in range(count):
        last = model(torch.tensor([written[-MAX_LEN:]]))[:, -1]
        if not is_clear(last):
            return False
        written.append(int(last.argmax()))
    return len(set(written[prompt:])) > count // 2 and written[prompt] != written[prompt - 1]


def write(student, writer: Writer, **options) -> list[int]:
    """What the submission writes after the prompt."""
    prompt = len(writer.prompt)
    found = student.generate(writer.model, writer.prompt, len(writer.written) - prompt, **options)
    return as_ids(found, only_lists=True)
