"""A small GPT: byte-pair encoding, causal attention, blocks, the model, its loss, sampling, and a cache."""

import math
from collections import Counter
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

END_OF_WORD = "</w>"

Pair = tuple[str, str]
Words = dict[tuple[str, ...], int]


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


def count_pairs(words: Words) -> dict[Pair, int]:
    """Count how often two symbols stand side by side: in a word that occurs n times, each of its pairs counts n times."""
    # TODO bpe.pairs: for each word, add its count to each pair of neighbours
    return FIXME("bpe.pairs")


def merge_pair(words: Words, pair: Pair) -> Words:
    """Return new words in which the pair is one symbol: from left to right, never overlapping.

    The words that are given stay as they are. Words that become equal add their counts.
    """
    # TODO bpe.merge: walk along each word; where the pair stands, write its two parts as one
    return FIXME("bpe.merge")


def train_bpe(text: str, num_merges: int) -> list[Pair]:
    """Return the merges that a text teaches, in the order in which they were found: at most `num_merges`.

    Words stand between white space; each begins as its characters and `</w>`. The most frequent pair is merged; among
    equally frequent ones the first in the alphabet, comparing the pairs as tuples. It ends early if no pair is left.
    """
    # TODO bpe.train: count the words, then find the best pair and merge it, num_merges times
    return FIXME("bpe.train")


def bpe_encode(word: str, merges: list[Pair]) -> list[str]:
    """Cut one word into subwords: its characters and `</w>`, joined by the merges, the earliest merge first."""
    # TODO bpe.encode: while a pair of neighbours is in merges, join the one that was learnt first
    return FIXME("bpe.encode")


def extend_cache(cache: dict[str, Tensor], k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Return the keys and values of all positions so far, and keep them in the cache under "k" and "v".

    k, v [B,h,T,d] belong to the new positions. The cache holds those of the earlier ones; at first it is empty.
    """
    # TODO cache: put the keys and values of earlier positions before the new ones, and keep them all
    return FIXME("cache")


class CausalSelfAttention(nn.Module):
    """Let every position gather from itself and from what came before."""

    def __init__(self, d_model: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(d_model, 3 * d_model)
        self.proj = nn.Linear(d_model, d_model)

    def forward(self, x: Tensor, return_weights: bool = False, cache: dict[str, Tensor] | None = None):
        """x [B,T,D] -> output [B,T,D], or (output, weights [B,h,T,T]) if return_weights is true.

        With a cache, x continues the positions whose keys and values the cache holds.
        """
        # TODO attention.causal: queries, keys and values, each [B,h,T,d]
        q = k = v = FIXME("attention.causal")
        if cache is not None:
            k, v = extend_cache(cache, k, v)
        # TODO attention.causal: scores, the mask, the softmax, the weighted sum; join the heads and project
        return FIXME("attention.causal")


class Block(nn.Module):
    """Gather from earlier positions, then think at each position by itself."""

    def __init__(self, d_model: int, num_heads: int, d_ff: int) -> None:
        super().__init__()
        self.ln1 = nn.LayerNorm(d_model)
        self.attn = CausalSelfAttention(d_model, num_heads)
        self.ln2 = nn.LayerNorm(d_model)
        self.mlp = nn.Sequential(nn.Linear(d_model, d_ff), nn.GELU(), nn.Linear(d_ff, d_model))

    def forward(self, x: Tensor, cache: dict[str, Tensor] | None = None) -> Tensor:
        """x [B,T,D] -> [B,T,D]; a cache goes on to the attention."""
        # TODO block: norm, attention, add; norm, mlp, add
        return FIXME("block")


class GPT(nn.Module):
    """Predict the next token at every position."""

    def __init__(self, vocab_size: int, d_model: int, num_heads: int, num_layers: int, max_len: int) -> None:
        super().__init__()
        self.tok = nn.Embedding(vocab_size, d_model)
        self.pos = nn.Embedding(max_len, d_model)
        self.blocks = nn.ModuleList(Block(d_model, num_heads, 4 * d_model) for _ in range(num_layers))
        self.ln = nn.LayerNorm(d_model)
        self.head = nn.Linear(d_model, vocab_size, bias=False)
        # Small numbers: the tied head multiplies with them, and the first logits should say "I do not know yet".
        nn.init.normal_(self.tok.weight, std=0.02)
        nn.init.normal_(self.pos.weight, std=0.02)
        # TODO model: let head and tok share one weight
        FIXME("model")

    def forward(self, ids: Tensor, caches: list[dict[str, Tensor]] | None = None) -> Tensor:
        """ids [B,T] -> logits [B,T,V]; more positions than max_len are a ValueError.

        With caches, one for each block, ids continue the positions that the caches hold.
        """
        # TODO model: token and position vectors, the blocks, the last norm, the head
        return FIXME("model")


def next_token_loss(logits: Tensor, ids: Tensor) -> Tensor:
    """Return the mean cross-entropy of predicting ids [B,T] from logits [B,T,V]: position t predicts the token at t+1."""
    # TODO loss: logits at 0 .. T-2 against the ids at 1 .. T-1
    return FIXME("loss")


def choose_token(
    logits: Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
) -> int:
    """Choose a token from its logits [V]: temperature, then top_k, then top_p, then a draw. Temperature 0 takes the best.

    top_k: keep so many of the best. top_p: of what is left, keep the fewest best ones whose probabilities reach top_p.
    generator: where the random numbers come from; it lives on the device of the logits.
    """
    # TODO sample: filter, renormalise, draw
    return FIXME("sample")


@torch.no_grad()
def generate(model: GPT, ids: Tensor, max_new_tokens: int, use_cache: bool = True, **sampling) -> list[int]:
    """Return the ids [T] of a prompt and those of max_new_tokens more; `sampling` goes to choose_token.

    With and without the cache the result is the same; with it, each step computes the new position only. A context
    longer than the model's max_len is cut from the left.
    """
    # TODO cache: choose from the last logits, append, and go on; with a cache, send only what is new
    return FIXME("cache")


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def next_probabilities(logits, lengths):
#   2       last = logits[:, -1]
#   3       return last.softmax(dim=-1)


def next_probabilities(logits: Tensor, lengths: Tensor) -> Tensor:
    """Return [B,V], the probabilities of what follows each text: logits [B,T,V], of which lengths [B] are no padding."""
    # TODO bug.last: the function as it should be
    return FIXME("bug.last")


def bug_in_next_probabilities() -> int:
    """Return the number of the wrong line."""
    # TODO bug.last: its number
    return FIXME("bug.last")


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def train_step(model, measure_loss, optimizer, ids):
#   2       loss = measure_loss(model(ids), ids)
#   3       loss.backward()
#   4       optimizer.zero_grad()
#   5       optimizer.step()
#   6       return loss.item()


def train_step(model: nn.Module, measure_loss, optimizer: torch.optim.Optimizer, ids: Tensor) -> float:
    """Train on ids [B,T] for one step, with the gradients of this step only; return measure_loss(logits, ids) before it."""
    # TODO bug.step: the function as it should be
    return FIXME("bug.step")


def bug_in_train_step() -> int:
    """Return the number of the wrong line."""
    # TODO bug.step: its number
    return FIXME("bug.step")
