"""Inputs, weights, masks and replies that several test files of this assignment share."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from standins import Caller, NearbyHeads, TableModel, nearby_attention
from torch import Tensor, nn

from grader.examiner import load_weights

BATCH, HEADS = 3, 2
VOCAB_SIZE = 23  # a prime: the rows of TableModel's table are then visited evenly
KINDS = ("padding", "causal", "both")


def fill_weights(module: nn.Module, draw, scale: float = 0.5) -> nn.Module:
    """Give every parameter a drawn value, so that no two layers, biases or norms are alike."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(draw.tensor(*parameter.shape, scale=scale))
    return module


def draw_padding(draw, rows: int, columns: int) -> Tensor:
    """[B, rows, columns]: one sentence is full, the others end early, none is empty."""
    lengths = torch.tensor([columns] + [draw.integer(1, columns - 1) for _ in range(BATCH - 1)])
    allowed = torch.arange(columns) < lengths.unsqueeze(1)
    return allowed.unsqueeze(1).repeat(1, rows, 1)


def draw_mask(draw, kind: str, size: int) -> Tensor:
    """A square mask in one of the three forms: [B,T,S] for padding, [T,S] causal, [B,1,T,S] both."""
    causal = torch.ones(size, size).tril().bool()
    if kind == "causal":
        return causal
    padding = draw_padding(draw, size, size)
    return padding if kind == "padding" else (padding & causal).unsqueeze(1)


@dataclass(frozen=True)
class Attending:
    """Queries, keys and values of one call."""

    q: Tensor
    k: Tensor
    v: Tensor

    def give_gradients(self) -> Attending:
        """The same values, asking for gradients."""
        return Attending(*(x.detach().clone().requires_grad_() for x in (self.q, self.k, self.v)))

    def as_tuple(self) -> tuple[Tensor, Tensor, Tensor]:
        """In the order of the call."""
        return self.q, self.k, self.v


def draw_attending(draw, *leading: int, square: bool = False) -> Attending:
    """Inputs of scaled_dot_product_attention; `square` has as many keys as queries."""
    t, s, d, e = draw.sizes(4, low=4, high=8)
    s = t if square else s
    # d is left at its size and the values are spread, so that a missing scale shows.
    return Attending(draw.tensor(*leading, t, d), draw.tensor(*leading, s, d), draw.tensor(*leading, s, e))


def attention_mistakes(case: Attending) -> dict[str, tuple[Tensor, Tensor]]:
    """Weights and output after a known mistake, without a mask."""
    products = case.q @ case.k.transpose(-2, -1)
    d = case.q.shape[-1]
    weights = {
        "the scores were not scaled: divide them by sqrt(d)": products.softmax(-1),
        "the scores were divided by d: divide them by sqrt(d)": (products / d).softmax(-1),
        "the softmax runs over the queries: each query shares 1 among its keys": (products / d**0.5).softmax(-2),
        "the weights are still scores: the softmax is missing": products / d**0.5,
    }
    return {sentence: (value @ case.v, value) for sentence, value in weights.items()}


def draw_heads(reference, draw, *, batch: int = BATCH, heads: int = HEADS, square: bool = False):
    """Reference heads with drawn weights, and query, key and value of three different contents."""
    t, s, width = draw.sizes(3, low=4, high=7)
    s = t if square else s
    ours = fill_weights(reference.MultiHeadAttention(heads * width, heads), draw)
    sizes = (t, s, s)
    return ours, tuple(draw.tensor(batch, size, heads * width) for size in sizes)


def make_heads(student, ours: nn.Module):
    """The submission's heads with our weights; the attention they may call is replaced."""
    student.replace(scaled_dot_product_attention=nearby_attention)
    theirs = student.MultiHeadAttention(ours.W_q.in_features, ours.num_heads)
    load_weights(theirs, ours)
    return theirs


def first_part(result):
    """The output of heads, which some return together with their weights."""
    return result[0] if isinstance(result, (tuple, list)) and result else result


def read_heads(reference, monkeypatch, actual, compute) -> Tensor:
    """What `compute` gives with the attention that the submission's heads really used.

    Heads may call scaled_dot_product_attention, which is a stand-in here, or work attention out by themselves.
    """
    return choose_nearest(actual, *compute_both(reference, monkeypatch, compute))


def read_head_mistakes(reference, monkeypatch, actual, ours: nn.Module, inputs) -> dict[str, Tensor]:
    """What known mistakes would have given, with the attention that was used."""
    own, offered = compute_both(reference, monkeypatch, lambda: head_mistakes(reference, ours, *inputs))
    return {sentence: choose_nearest(actual, own[sentence], offered[sentence]) for sentence in own}


def compute_both(reference, monkeypatch, compute):
    """`compute` twice: with the reference's attention, and with the stand-in bound in its place."""
    own = compute()
    with monkeypatch.context() as patch:
        patch.setattr(reference, "scaled_dot_product_attention", nearby_attention)
        return own, compute()


def choose_nearest(actual, own: Tensor, offered: Tensor) -> Tensor:
    """The one of two readings that the reply is nearer to."""
    return offered if measure_distance(actual, offered) < measure_distance(actual, own) else own


def measure_distance(actual, expected: Tensor) -> float:
    """The largest difference; infinite where the two cannot be compared."""
    if not isinstance(actual, Tensor) or actual.shape != expected.shape:
        return float("inf")
    return (actual.detach().cpu() - expected.detach()).abs().nan_to_num(nan=float("inf")).max().item()


@torch.no_grad()
def head_mistakes(reference, ours: nn.Module, query: Tensor, key: Tensor, value: Tensor) -> dict[str, Tensor]:
    """What the heads give after a known mistake, without a mask."""
    q, k, v = ours.W_q(query), ours.W_k(key), ours.W_v(value)

    def split(x: Tensor) -> Tensor:
        return x.unflatten(-1, (ours.num_heads, -1)).transpose(1, 2)

    def scramble(x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], ours.num_heads, x.shape[1], -1)

    def attend(*parts: Tensor) -> Tensor:
        return reference.scaled_dot_product_attention(*parts)[0]

    heads = attend(split(q), split(k), split(v))
    joined = heads.transpose(1, 2).flatten(-2)
    shrunk = split(q) / ours.num_heads**0.5
    return {
        "the last projection W_o is missing": joined,
        "the heads were cut by a plain view: split the features first, then swap the axes": ours.W_o(
            attend(scramble(q), scramble(k), scramble(v)).transpose(1, 2).flatten(-2)
        ),
        "the heads were joined without swapping their axis back": ours.W_o(heads.reshape(query.shape)),
        "all features went into one head: split them by num_heads": ours.W_o(attend(q, k, v)),
        "the scores look divided by sqrt(d_model): each head has d_model / num_heads features": ours.W_o(
            attend(shrunk, split(k), split(v)).transpose(1, 2).flatten(-2)
        ),
        "the values were made of the keys: W_v belongs to value": ours.W_o(
            attend(split(q), split(k), split(ours.W_v(key))).transpose(1, 2).flatten(-2)
        ),
    }


@dataclass(frozen=True)
class Block:
    """The same block on either side, around heads that are known."""

    ours: nn.Module
    theirs: object
    d_model: int


def make_block(student, reference, draw, monkeypatch, name: str, *, dropout: float = 0.5) -> Block:
    """An EncoderBlock or DecoderBlock in evaluation mode, with the same drawn weights on both sides."""
    width, d_ff = draw.sizes(2, low=4, high=7)
    arguments = (HEADS * width, HEADS, 2 * d_ff + 1, dropout)
    monkeypatch.setattr(reference, "MultiHeadAttention", NearbyHeads)
    ours = fill_weights(getattr(reference, name)(*arguments), draw).eval()
    heads = student.define(NearbyHeads)
    student.replace(MultiHeadAttention=heads)
    theirs = getattr(student, name)(*arguments)
    load_weights(theirs, ours)
    theirs.eval()
    x = torch.ones(1, 3, HEADS * width)
    student.define(Caller)().fit_heads(heads, theirs, *([x, x] if name == "DecoderBlock" else [x]))
    return Block(ours, theirs, HEADS * width)


def draw_sentences(draw, d_model: int, *, batch: int = BATCH) -> tuple[Tensor, Tensor]:
    """A target [B,T,D] and a memory [B,S,D] of another length."""
    t, s = draw.sizes(2, low=4, high=7)
    return draw.tensor(batch, t, d_model), draw.tensor(batch, s, d_model)


@torch.no_grad()
def encoder_mistakes(ours: nn.Module, x: Tensor, mask: Tensor | None = None) -> dict[str, Tensor]:
    """What an encoder block gives after a known mistake."""
    attended = ours.self_attn(x, x, x, mask)
    middle = ours.norm1(x + attended)

    def feed(y: Tensor, activation=F.relu) -> Tensor:
        return ours.linear2(activation(ours.linear1(y)))

    def finish(y: Tensor) -> Tensor:
        return ours.norm2(y + feed(y))

    normed = ours.norm1(x)
    early = x + ours.self_attn(normed, normed, normed, mask)
    unmasked = ours.norm1(x + ours.self_attn(x, x, x))
    return {
        "the norms come before the sublayers: here they come after the sum (post-norm)": early
        + feed(ours.norm2(early)),
        "x was not added to what self-attention gave": finish(ours.norm1(attended)),
        "the input of the linear layers was not added to their result": ours.norm2(feed(middle)),
        "the activation between the linear layers is gelu: relu is asked for": ours.norm2(
            middle + feed(middle, F.gelu)
        ),
        "the activation between the linear layers is missing": ours.norm2(middle + feed(middle, lambda y: y)),
        "norm1 was used twice: norm2 belongs to the linear layers": ours.norm1(middle + feed(middle)),
        "the mask did not reach self-attention": finish(unmasked),
    }


@torch.no_grad()
def decoder_mistakes(
    ours: nn.Module, x: Tensor, memory: Tensor, tgt_mask: Tensor | None = None, memory_mask: Tensor | None = None
) -> dict[str, Tensor]:
    """What a decoder block gives after a known mistake."""

    def finish(y: Tensor) -> Tensor:
        return ours.norm3(y + ours.linear2(F.relu(ours.linear1(y))))

    attended = ours.norm1(x + ours.self_attn(x, x, x, tgt_mask))
    unmasked = ours.norm1(x + ours.self_attn(x, x, x))
    gathered = ours.cross_attn(attended, memory, memory, memory_mask)
    return {
        "cross-attention is missing": finish(attended),
        "what went into cross-attention was not added to its result": finish(ours.norm2(gathered)),
        "self_attn was used for the memory, too: cross_attn is there for it": finish(
            ours.norm2(attended + ours.self_attn(attended, memory, memory, memory_mask))
        ),
        "cross-attention was asked with the block's input: the output of the first norm asks": finish(
            ours.norm2(attended + ours.cross_attn(x, memory, memory, memory_mask))
        ),
        "memory_mask did not reach cross-attention": finish(
            ours.norm2(attended + ours.cross_attn(attended, memory, memory))
        ),
        "tgt_mask did not reach self-attention": finish(
            ours.norm2(unmasked + ours.cross_attn(unmasked, memory, memory, memory_mask))
        ),
    }


@dataclass(frozen=True)
class Story:
    """A decoding problem and what a greedy reader writes when no end token comes."""

    model: nn.Module
    src: Tensor
    start: int
    tokens: list[int]

    @property
    def unused(self) -> int:
        """An end token that never comes."""
        return next(token for token in range(VOCAB_SIZE) if token not in (self.start, *self.tokens))

    def find_end(self) -> tuple[int, list[int]]:
        """A token to end with, as late as the story allows, and the tokens up to and including it."""
        fresh = [i for i, token in enumerate(self.tokens) if token not in self.tokens[:i]]
        return self.tokens[fresh[-1]], self.tokens[: fresh[-1] + 1]


@torch.no_grad()
def draw_story(draw, length: int = 6) -> Story:
    """A table of shuffled scores, so that the best token always leads clearly; the start token is never the best."""
    start = draw.integer(1, VOCAB_SIZE - 1)
    model = TableModel(VOCAB_SIZE)
    # Close scores: whoever samples instead of choosing is all but sure to leave the path.
    table = torch.tensor([draw.shuffled(range(VOCAB_SIZE)) for _ in range(VOCAB_SIZE)]) * 0.1
    table[:, start] = -1.0
    model.table.copy_(table)
    for _ in range(100):
        src = draw.ids(VOCAB_SIZE, 1, draw.integer(3, 6))
        tokens: list[int] = []
        for _ in range(length):
            prefix = torch.tensor([[start, *tokens]])
            tokens.append(int(model(src, prefix)[0, -1].argmax()))
        # Whatever is written over the end of the source must be seen there. And token 0 is followed by itself.
        if int(src[0, -1]) not in tokens and len(set(tokens)) > length // 2:
            return Story(model, src, start, tokens)
    raise RuntimeError("no source in 100 draws that asks for many tokens, and not for its own last one")


def make_model(student, story: Story):
    """The story's model in the jail."""
    model = student.define(TableModel)(VOCAB_SIZE)
    model.load_state_dict(story.model.state_dict())
    model.eval()
    return model


def as_ids(ids) -> list[int]:
    """Token ids as plain ints, whether they came as a list, as a tensor or as a list of tensors."""
    if isinstance(ids, Tensor):
        ids = ids.reshape(-1).tolist()
    return [int(token) for token in ids]


def without_start(ids, story: Story) -> list[int]:
    """What was written after the start token, which the story never writes itself."""
    written = as_ids(ids)
    return written[1:] if written[:1] == [story.start] else written
