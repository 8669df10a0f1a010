# %% [markdown]
# # A small GPT, from characters to text
#
# A language model reads text in pieces and predicts the next piece. In this assignment you write all of it: the **subwords** that
# the text is cut into, the **attention** that looks back but never ahead, the model, its loss, and the two things that make it write:
# choosing a token, and remembering what it has already computed.
#
# ```
# text -> words -> subwords (BPE) -> ids [B,T] -> tok + pos [B,T,D] -> blocks -> ln -> head -> logits [B,T,V] -> next token
# ```
#
# Sizes: B batch, T tokens, D = `d_model`, h = number of heads, d = D / h, V vocabulary.
# Run the notebook from top to bottom; a cell that uses an open TODO stops with the name of that TODO.
#
# ---
# # 작은 GPT: 글자에서 글까지
#
# 언어 모델은 글을 조각으로 읽고 다음 조각을 예측합니다. 이 과제에서는 그 전부를 직접 만듭니다. 글을 자르는 단위인 **서브워드**,
# 뒤는 보지만 앞은 보지 않는 **어텐션**, 모델과 손실, 그리고 글을 쓰게 하는 두 가지, 곧 토큰을 고르는 법과 이미 계산한 것을 기억하는 법입니다.
# 기호: B 배치, T 토큰 수, D = `d_model`, h = 헤드 수, d = D / h, V 어휘 크기.
# 노트북은 위에서부터 차례로 실행하세요. 아직 채우지 않은 TODO를 쓰는 셀은 그 TODO의 이름을 알려 주며 멈춥니다.

# %% tags=["set-up"]

# %%
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


# %% [markdown]
# ## 1. Subwords by hand
#
# A vocabulary of words knows no new word; a vocabulary of characters makes texts long. **Byte-pair encoding** (BPE) lies between:
# begin with characters, and join the most frequent pair of neighbours, again and again. Each word is kept once, with its count:
#
# ```
# "low low lower"   {(l, o, w, </w>): 2, (l, o, w, e, r, </w>): 1}
# count the pairs   (l, o) 3   (o, w) 3   (w, </w>) 2   (w, e) 1   (e, r) 1   (r, </w>) 1
# join (l, o)       {(lo, w, </w>): 2, (lo, w, e, r, </w>): 1}         a tie: (l, o) comes before (o, w)
# ```
#
# `</w>` marks the end of a word, so that *er* at the end is another piece than *er* in the middle, and the spaces can be put back.
#
# **서브워드 직접 만들기.** 단어 어휘는 새 단어를 모르고, 글자 어휘는 글을 길게 만듭니다. **BPE**는 그 사이에 있습니다. 글자에서 시작해 가장 자주 나오는
# 이웃한 쌍을 되풀이해서 합칩니다. 단어는 한 번만 적고 횟수를 함께 둡니다. `</w>`는 단어의 끝을 나타냅니다. 그래서 단어 끝의 *er*는 가운데의 *er*와
# 다른 조각이고, 띄어쓰기도 되살릴 수 있습니다. 한글은 음절 하나가 글자 하나입니다.


# %%
def count_pairs(words: Words) -> dict[Pair, int]:
    """Count how often two symbols stand side by side: in a word that occurs n times, each of its pairs counts n times."""
    # TODO bpe.pairs: for each word, add its count to each pair of neighbours
    ### BEGIN SOLUTION bpe.pairs
    counts: Counter[Pair] = Counter()
    for symbols, count in words.items():
        # A pair that stands twice in a word is met twice here, and counts twice.
        for pair in pairwise(symbols):
            counts[pair] += count
    return dict(counts)
    ### END SOLUTION


def merge_pair(words: Words, pair: Pair) -> Words:
    """Return new words in which the pair is one symbol: from left to right, never overlapping.

    The words that are given stay as they are. Words that become equal add their counts.
    """
    # TODO bpe.merge: walk along each word; where the pair stands, write its two parts as one
    ### BEGIN SOLUTION bpe.merge
    merged: Words = {}
    for symbols, count in words.items():
        joined: list[str] = []
        position = 0
        while position < len(symbols):
            # A slice at the end of the word is short, so it is never the pair.
            width = 2 if symbols[position : position + 2] == tuple(pair) else 1
            joined.append("".join(symbols[position : position + width]))
            # Both parts are used up: of a, a, a the first two are joined and the third is left.
            position += width
        merged[tuple(joined)] = merged.get(tuple(joined), 0) + count
    return merged
    ### END SOLUTION


def train_bpe(text: str, num_merges: int) -> list[Pair]:
    """Return the merges that a text teaches, in the order in which they were found: at most `num_merges`.

    Words stand between white space; each begins as its characters and `</w>`. The most frequent pair is merged; among
    equally frequent ones the first in the alphabet, comparing the pairs as tuples. It ends early if no pair is left.
    """
    # TODO bpe.train: count the words, then find the best pair and merge it, num_merges times
    ### BEGIN SOLUTION bpe.train
    words: Words = {(*word, END_OF_WORD): count for word, count in Counter(text.split()).items()}
    merges: list[Pair] = []
    for _ in range(num_merges):
        counts = count_pairs(words)
        if not counts:
            break  # every word is one symbol
        # The smallest of (minus the count, the pair): the most frequent first, then by the alphabet.
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        words = merge_pair(words, best)
    return merges
    ### END SOLUTION


def bpe_encode(word: str, merges: list[Pair]) -> list[str]:
    """Cut one word into subwords: its characters and `</w>`, joined by the merges, the earliest merge first."""
    # TODO bpe.encode: while a pair of neighbours is in merges, join the one that was learnt first
    ### BEGIN SOLUTION bpe.encode
    ranks = {tuple(pair): rank for rank, pair in enumerate(merges)}
    symbols = (*word, END_OF_WORD)
    # A character that no merge knows is in no pair, so it stays single.
    while known := [pair for pair in pairwise(symbols) if pair in ranks]:
        # The rank decides, not the place: training joined this pair before the others, so encoding does, too.
        first = min(known, key=lambda pair: ranks[pair])
        (symbols,) = merge_pair({symbols: 1}, first)
    return list(symbols)
    ### END SOLUTION


# %% tags=["notebook"]
merges = train_bpe("low low low low low lower lower newest newest newest newest newest newest widest widest widest", 10)
print("merges:", merges)
print("lowest:", bpe_encode("lowest", merges), " a word that the text does not hold / 학습한 글에 없는 단어")
print("영화관:", bpe_encode("영화관", train_bpe("영화 영화 영화를 영화관에서 극장에서 집에서", 6)))

# %% [markdown]
# ### Prediction before a run / 실행하기 전에 예측하기 (not graded / 채점하지 않음)
#
# Korean and English reviews, 0 to 800 merges. Which language needs fewer tokens a word *without* any merge? Which one gains more
# from the first 100 merges? Write your answer down, then run the cell. It encodes reviews that training did not see.
#
# 한국어와 영어 영화평을 병합 0번에서 800번까지 학습합니다. 병합이 *없을* 때 단어 하나에 토큰이 더 적게 드는 언어는 어느 쪽일까요?
# 처음 100번의 병합으로 더 많이 줄어드는 언어는 어느 쪽일까요? 답을 적어 둔 다음 실행해 보세요. 셀은 학습에 쓰지 않은 영화평으로 잽니다.

# %% tags=["notebook"]
from functools import lru_cache

import matplotlib.pyplot as plt


def split_reviews(name: str) -> tuple[list[str], list[str]]:
    """Return the reviews to learn from, and every tenth one, which is held out."""
    reviews = [line.split("\t")[1] for line in read_sample(name)[1:]]
    reviews = list(dict.fromkeys(review for review in reviews if review))  # no review is on both sides
    held_out = reviews[::10]
    return [review for review in reviews if review not in held_out], held_out


SIZES = [0, 25, 50, 100, 200, 400, 800]
plt.figure(figsize=(6, 3))
for language, name in [("Korean", "reviews_ko.tsv"), ("English", "reviews_en.tsv")]:
    learnt_from, held_out = split_reviews(name)
    words = " ".join(held_out).split()
    merges = train_bpe(" ".join(learnt_from), SIZES[-1])
    rates = [sum(len(bpe_encode(word, merges[:size])) for word in words) / len(words) for size in SIZES]
    print(f"{language:7}", "  ".join(f"{size}: {rate:.2f}" for size, rate in zip(SIZES, rates)))
    plt.plot(SIZES, rates, marker="o", label=language)
plt.xlabel("merges")
plt.ylabel("tokens a word, held-out reviews")
plt.legend()
plt.show()

# %% [markdown]
# ## 2. Attention that never looks ahead
#
# One layer `qkv` makes queries, keys and values at once: `[B,T,3D]`, in this order. Each is cut into h heads of d = D / h features.
# Position t may look at the positions up to t only, itself among them: the model has to *predict* position t+1.
#
# ```
# x [B,T,D] -qkv-> [B,T,3D] -> q, k, v [B,h,T,d] -> softmax(q kᵀ / √d, future hidden) v -> [B,h,T,d] -> [B,T,D] -proj-> [B,T,D]
# ```
#
# Every layer also takes a `cache`, which is `None` until you come to the last TODO. Hand it on, and leave `extend_cache` open until then.
#
# **앞을 보지 않는 어텐션.** 층 `qkv` 하나가 쿼리, 키, 값을 이 순서로 한꺼번에 만들고(`[B,T,3D]`), 각각을 특징이 d = D / h개인 헤드 h개로 나눕니다.
# 위치 t는 자기 자신을 포함해 t까지의 위치만 볼 수 있습니다. t+1은 *예측해야* 하기 때문입니다.
# 모든 층은 `cache`도 받습니다. 마지막 TODO까지는 늘 `None`이니 그대로 넘겨주기만 하고, `extend_cache`는 그때 채우세요.


# %%
def extend_cache(cache: dict[str, Tensor], k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Return the keys and values of all positions so far, and keep them in the cache under "k" and "v".

    k, v [B,h,T,d] belong to the new positions. The cache holds those of the earlier ones; at first it is empty.
    """
    # TODO cache: put the keys and values of earlier positions before the new ones, and keep them all
    ### BEGIN SOLUTION cache
    if cache:
        k, v = torch.cat([cache["k"], k], dim=2), torch.cat([cache["v"], v], dim=2)
    cache["k"], cache["v"] = k, v
    return k, v
    ### END SOLUTION


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
        ### BEGIN SOLUTION attention.causal
        # Cut the features first, then bring the heads forward: every head sees whole positions.
        q, k, v = (part.unflatten(-1, (self.num_heads, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1))
        ### STUB
        # q = k = v = FIXME("attention.causal")
        ### END SOLUTION
        if cache is not None:
            k, v = extend_cache(cache, k, v)
        # TODO attention.causal: scores, the mask, the softmax, the weighted sum; join the heads and project
        ### BEGIN SOLUTION attention.causal
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
        # With a cache there are more keys than queries: the last query still sees all keys.
        new, seen = scores.shape[-2:]
        allowed = torch.ones(new, seen, dtype=torch.bool, device=x.device).tril(seen - new)
        weights = scores.masked_fill(~allowed, float("-inf")).softmax(dim=-1)
        output = self.proj((weights @ v).transpose(1, 2).flatten(-2))
        return (output, weights) if return_weights else output
        ### END SOLUTION


# %% [markdown]
# ## 3. The block and the model
#
# A block has two sublayers. Each one normalises first (*pre-norm*), then **adds** what it found to what came in:
#
# ```
# x --+-> ln1 -> attn --(+)--+-> ln2 -> mlp --(+)-> [B,T,D]
#     +------------------^   +-----------------^
# ```
#
# The model adds a learned vector of the position to the vector of the token, and sends the sum through the blocks and a last norm.
# The **head** asks how well the result matches each token. It is *tied*: its weight is the very table `tok`, one parameter for both.
#
# **블록과 모델.** 블록에는 하위 층이 둘 있고, 둘 다 먼저 정규화한 다음(*pre-norm*) 얻은 것을 들어온 값에 **더합니다**.
# 모델은 토큰 벡터에 학습되는 위치 벡터를 더해 블록들과 마지막 정규화를 거칩니다. **헤드**는 그 결과가 각 토큰과 얼마나 맞는지 묻습니다.
# 헤드의 가중치는 `tok`의 표와 같은 파라미터 하나입니다(*weight tying*).


# %%
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
        ### BEGIN SOLUTION block
        # The sums leave a straight road for gradients from the last block to the first.
        x = x + self.attn(self.ln1(x), cache=cache)
        return x + self.mlp(self.ln2(x))
        ### END SOLUTION


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
        ### BEGIN SOLUTION model
        # The same parameter, not a copy: training moves both.
        self.head.weight = self.tok.weight
        ### STUB
        # FIXME("model")
        ### END SOLUTION

    def forward(self, ids: Tensor, caches: list[dict[str, Tensor]] | None = None) -> Tensor:
        """ids [B,T] -> logits [B,T,V]; more positions than max_len are a ValueError.

        With caches, one for each block, ids continue the positions that the caches hold.
        """
        # TODO model: token and position vectors, the blocks, the last norm, the head
        ### BEGIN SOLUTION model
        start = caches[0]["k"].size(2) if caches and caches[0] else 0
        end = start + ids.size(1)
        if end > self.pos.num_embeddings:
            raise ValueError(f"{end} positions are more than max_len, which is {self.pos.num_embeddings}")
        x = self.tok(ids) + self.pos(torch.arange(start, end, device=ids.device))
        for index, block in enumerate(self.blocks):
            x = block(x, caches[index] if caches else None)
        return self.head(self.ln(x))
        ### END SOLUTION


def next_token_loss(logits: Tensor, ids: Tensor) -> Tensor:
    """Return the mean cross-entropy of predicting ids [B,T] from logits [B,T,V]: position t predicts the token at t+1."""
    # TODO loss: logits at 0 .. T-2 against the ids at 1 .. T-1
    ### BEGIN SOLUTION loss
    # What the last position predicts is not in ids, and nothing predicts the first token.
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    ### END SOLUTION


# %% [markdown]
# ## 4. Choosing a token
#
# The same logits can write carefully or boldly:
#
# | | does | logits `ln 8, ln 4, ln 2, ln 2` become |
# |---|---|---|
# | `temperature` | divides the logits; 0 takes the best token | 1.0: 1/2, 1/4, 1/8, 1/8 |
# | `top_k=2` | keeps the two best | 2/3, 1/3, 0, 0 |
# | `top_p=0.7` | keeps the fewest best ones that reach 0.7 together | 2/3, 1/3, 0, 0 (1/2 alone is too little) |
#
# They apply in this order; what is left sums to 1 again, and from that the token is drawn.
#
# **토큰 고르기.** 같은 로짓으로 조심스럽게도, 과감하게도 쓸 수 있습니다. `temperature`는 로짓을 나누고(0이면 가장 좋은 토큰), `top_k`는 가장 좋은 k개만,
# `top_p`는 확률의 합이 p에 이르는 가장 적은 수의 토큰만 남깁니다. 이 순서로 적용하고, 남은 확률의 합을 다시 1로 만든 다음 뽑습니다.


# %%
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
    ### BEGIN SOLUTION sample
    if temperature == 0:
        return int(logits.argmax())
    scaled, order = (logits / temperature).sort(descending=True)
    # exp(-inf) is 0, and the softmax shares its 1 among those that are left.
    if top_k is not None:
        scaled[top_k:] = float("-inf")
    probabilities = scaled.softmax(dim=0)
    if top_p is not None:
        # A token is kept if those before it have not reached top_p yet; so the best one always is.
        before = probabilities.cumsum(dim=0) - probabilities
        probabilities = probabilities.masked_fill(before >= top_p, 0.0)
    # multinomial takes weights: it divides by their sum itself.
    return int(order[torch.multinomial(probabilities, 1, generator=generator)])
    ### END SOLUTION


# %% [markdown]
# ## 5. Remembering keys and values
#
# To write one more token, the whole context would go through the model again, although nothing about the earlier positions has changed: they
# cannot see the new one. Only their keys and values are needed. Keep them, and each step sends **one** position through the model.
#
# | step | without a cache | with a cache |
# |---|---|---|
# | prompt of 5 tokens | 5 positions | 5 positions |
# | first new token | 6 | 1 |
# | second new token | 7 | 1 |
#
# A context longer than `max_len` is cut from the left. Then every token moves to another position, so what was kept is wrong: compute again.
#
# **키와 값 기억하기.** 토큰 하나를 더 쓸 때마다 문맥 전체를 모델에 다시 넣는 것은 낭비입니다. 앞의 위치는 새 토큰을 볼 수 없으므로 달라지지 않습니다.
# 필요한 것은 키와 값뿐입니다. 이것을 기억해 두면 단계마다 위치 **하나**만 모델을 지나면 됩니다.
# `max_len`보다 긴 문맥은 왼쪽을 잘라 냅니다. 그러면 모든 토큰의 위치가 바뀌므로 기억해 둔 것은 쓸 수 없고, 다시 계산해야 합니다.


# %%
@torch.no_grad()
def generate(model: GPT, ids: Tensor, max_new_tokens: int, use_cache: bool = True, **sampling) -> list[int]:
    """Return the ids [T] of a prompt and those of max_new_tokens more; `sampling` goes to choose_token.

    With and without the cache the result is the same; with it, each step computes the new position only. A context
    longer than the model's max_len is cut from the left.
    """
    # TODO cache: choose from the last logits, append, and go on; with a cache, send only what is new
    ### BEGIN SOLUTION cache
    max_len, device = model.pos.num_embeddings, model.pos.weight.device
    written = [int(token) for token in ids]
    caches: list[dict[str, Tensor]] = [{} for _ in model.blocks]
    fresh = written  # what the model has not read yet
    for _ in range(max_new_tokens):
        # Once the context is cut, every position is another one and no cache is of use.
        if use_cache and len(written) <= max_len:
            logits = model(torch.tensor([fresh], device=device), caches)
        else:
            logits = model(torch.tensor([written[-max_len:]], device=device))
        fresh = [choose_token(logits[0, -1], **sampling)]
        written += fresh
    return written
    ### END SOLUTION


# %% [markdown]
# ## 6. Find the bug
#
# Two functions with mistakes that real projects have made. Each is printed above the place where yours goes, and **one** of its lines is wrong. Both run,
# and their shapes are right. Name the line by its number, and write the function as it should be.
#
# `next_probabilities` says what comes after each text of a batch whose rows are padded on the right; `train_step` is one step of training.
#
# ## 6. 틀린 줄 찾기
#
# 실제 프로젝트에 있던 실수가 든 함수 둘입니다. 여러분이 쓸 자리 바로 위에 적혀 있으며, 줄 **하나**씩 틀렸습니다. 둘 다 실행되고 모양도 맞습니다.
# 틀린 줄의 번호를 쓰고, 함수를 올바르게 고쳐 쓰세요.
#
# `next_probabilities`는 오른쪽을 패딩한 배치에서 글마다 다음에 올 토큰의 확률을 구하고, `train_step`은 학습 한 단계입니다.


# %%
# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def next_probabilities(logits, lengths):
#   2       last = logits[:, -1]
#   3       return last.softmax(dim=-1)


def next_probabilities(logits: Tensor, lengths: Tensor) -> Tensor:
    """Return [B,V], the probabilities of what follows each text: logits [B,T,V], of which lengths [B] are no padding."""
    # TODO bug.last: the function as it should be
    ### BEGIN SOLUTION bug.last
    rows = torch.arange(logits.size(0), device=logits.device)
    # The last column is padding for all but the longest text: what a model says there follows nothing.
    ends = lengths.to(logits.device) - 1
    return logits[rows, ends].softmax(dim=-1)
    ### END SOLUTION


def bug_in_next_probabilities() -> int:
    """Return the number of the wrong line."""
    # TODO bug.last: its number
    ### BEGIN SOLUTION bug.last
    return 2
    ### END SOLUTION


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
    ### BEGIN SOLUTION bug.step
    # Gradients add up until they are cleared: clear them before new ones come, not before they are used.
    optimizer.zero_grad()
    before = measure_loss(model(ids), ids)
    before.backward()
    optimizer.step()
    return before.item()
    ### END SOLUTION


def bug_in_train_step() -> int:
    """Return the number of the wrong line."""
    # TODO bug.step: its number
    ### BEGIN SOLUTION bug.step
    return 4
    ### END SOLUTION


# %% [markdown]
# ## All together: film reviews
#
# A GPT of two blocks learns from 324 English reviews, cut into subwords. 36 reviews are held out: it never sees them, and we ask how surprised
# it is by them. **Perplexity** is the number of tokens among which the model is undecided at each step, on average: exp of the mean loss.
#
# Beside it stands the oldest language model: a **trigram** counts which token followed the last two, and mixes that with the counts after one
# token and after none. It is given, and reads the same tokens.
#
# ---
# ## 모두 합쳐서: 영화평
#
# 블록 두 개짜리 GPT가 서브워드로 자른 영어 영화평 324개로 학습합니다. 36개는 보여 주지 않고 남겨 두었다가, 모델이 그것을 얼마나 뜻밖이라고 여기는지 봅니다.
# **퍼플렉시티**는 단계마다 평균 몇 개의 토큰 사이에서 망설이는지를 나타내며, 평균 손실의 exp입니다.
# 곁에는 가장 오래된 언어 모델인 **트라이그램**을 둡니다. 앞의 두 토큰 다음에 무엇이 왔는지를 세고, 한 토큰 뒤의 횟수와 전체 횟수를 섞습니다. 이것은 주어지며, 같은 토큰을 읽습니다.

# %% tags=["notebook"]
NUM_MERGES, CONTEXT, NUM_LAYERS, SEED = 100, 64, 2, 0

learnt_from, held_out = split_reviews("reviews_en.tsv")
merges = train_bpe(" ".join(learnt_from), NUM_MERGES)
END_OF_REVIEW, UNKNOWN = "\n", "<unk>"
characters = {symbol for word in " ".join(learnt_from).split() for symbol in word}
symbols = [END_OF_REVIEW, UNKNOWN, END_OF_WORD, *sorted(characters), *("".join(pair) for pair in merges)]
index = {symbol: number for number, symbol in enumerate(symbols)}


@lru_cache(maxsize=None)
def encode_word(word: str) -> tuple[int, ...]:
    """Return the ids of a word's subwords."""
    return tuple(index.get(symbol, index[UNKNOWN]) for symbol in bpe_encode(word, merges))


def encode_reviews(reviews: list[str]) -> Tensor:
    """Return the ids of all reviews, one after the other, each followed by a line end."""
    ids = [0]
    for review in reviews:
        ids += [number for word in review.split() for number in encode_word(word)] + [0]
    return torch.tensor(ids)


def show(ids: list[int]) -> str:
    """Return the text that ids spell."""
    return "".join(symbols[number] for number in ids).replace(END_OF_WORD, " ").replace(END_OF_REVIEW, " | ")


learnt_ids, held_out_ids = encode_reviews(learnt_from).to(DEVICE), encode_reviews(held_out).to(DEVICE)
print(f"{len(symbols)} symbols, {len(learnt_ids)} tokens to learn from, {len(held_out_ids)} held out")


@torch.no_grad()
def measure_perplexity(model: GPT, ids: Tensor) -> float:
    """Return how many tokens the model hesitates between, reading the text window by window."""
    windows = [ids[start : start + CONTEXT + 1] for start in range(0, len(ids) - 2, CONTEXT)]
    losses = [F.cross_entropy(model(window[None, :-1])[0], window[1:], reduction="sum") for window in windows]
    return math.exp(sum(losses) / sum(len(window) - 1 for window in windows))


def measure_trigram(learnt: list[int], held_out: list[int], shares=(0.8, 0.15, 0.05)) -> float:
    """Return the perplexity of counts: after two tokens, after one, and alone, mixed by the shares."""
    one, two, three = (Counter(zip(*(learnt[skip:] for skip in range(n)))) for n in (1, 2, 3))
    loss = 0.0
    for a, b, c in zip(held_out, held_out[1:], held_out[2:]):
        alone = (one[(c,)] + 1) / (len(learnt) + len(symbols))
        after_one = two[(b, c)] / one[(b,)] if one[(b,)] else alone
        after_two = three[(a, b, c)] / two[(a, b)] if two[(a, b)] else after_one
        loss -= math.log(shares[0] * after_two + shares[1] * after_one + shares[2] * alone)
    return math.exp(loss / (len(held_out) - 2))


def learn_batch(model: GPT, optimizer: torch.optim.Optimizer) -> None:
    """Train for one step on 16 pieces of the text, drawn at random."""
    starts = torch.randint(0, len(learnt_ids) - CONTEXT, (16,)).tolist()
    ids = torch.stack([learnt_ids[start : start + CONTEXT] for start in starts])
    loss = next_token_loss(model(ids), ids)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


# %% tags=["notebook"]
import time

torch.manual_seed(SEED)
model = GPT(len(symbols), d_model=64, num_heads=4, num_layers=NUM_LAYERS, max_len=CONTEXT).to(DEVICE)
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)
trigram = measure_trigram(learnt_ids.tolist(), held_out_ids.tolist())
curve, began = [], time.process_time()
for step in range(1001):
    if step % 100 == 0:
        curve.append((step, measure_perplexity(model, learnt_ids), measure_perplexity(model, held_out_ids)))
    if step in (0, 100, 500, 1000):
        generator = torch.Generator(DEVICE).manual_seed(1)
        text = generate(model, torch.tensor([0]), 60, temperature=0.8, generator=generator)
        print(f"step {step}: perplexity {curve[-1][1]:.2f} learnt, {curve[-1][2]:.2f} held out\n   {show(text[1:])}")
    learn_batch(model, optimizer)
print(f"{time.process_time() - began:.0f} s of computing")
best = min(curve, key=lambda point: point[2])
print(f"held-out perplexity: trigram {trigram:.2f}, GPT {best[2]:.2f} at step {best[0]}, {curve[-1][2]:.2f} at the end")

steps, learnt_curve, held_out_curve = zip(*curve)
plt.figure(figsize=(6, 3))
plt.semilogy(steps, learnt_curve, label="GPT, reviews it learns from")
plt.semilogy(steps, held_out_curve, label="GPT, held out")
plt.axhline(trigram, linestyle="--", color="grey", label="trigram, held out")
plt.xlabel("step")
plt.ylabel("perplexity")
plt.legend()
plt.show()

# %% [markdown]
# ### One ablation (not graded)
#
# The same model, once with **one block** in place of two, and once **without positions**: their table is held at zero. Both learn for 300 steps; the whole
# model's curve is the one from above. **Predict first:** which of the two will the held-out perplexity feel more?
#
# ### 빼 보기 (채점하지 않음)
#
# 같은 모델을 한 번은 블록 둘 대신 **하나**로, 한 번은 **위치 없이**(위치 표를 0으로 묶어서) 300단계 학습합니다. 온전한 모델의 곡선은 위에서 구한 것입니다.
# **먼저 예측해 보세요.** 남겨 둔 영화평의 퍼플렉시티는 둘 중 어느 쪽을 더 크게 느낄까요?

# %% tags=["notebook"]
def learn_without(num_layers: int, has_positions: bool) -> list[tuple[int, float]]:
    """Return the steps and the held-out perplexities of a model that lacks something."""
    torch.manual_seed(SEED)
    reduced = GPT(len(symbols), d_model=64, num_heads=4, num_layers=num_layers, max_len=CONTEXT).to(DEVICE)
    if not has_positions:
        torch.nn.init.zeros_(reduced.pos.weight)
        reduced.pos.weight.requires_grad_(False)
    trained = [parameter for parameter in reduced.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=3e-3, weight_decay=0.1)
    points = []
    for step in range(301):
        if step % 100 == 0:
            points.append((step, measure_perplexity(reduced, held_out_ids)))
        learn_batch(reduced, optimizer)
    return points


whole = [(step, value) for step, _, value in curve if step <= 300]
ablations = {"whole": whole, "one block": learn_without(1, True), "no positions": learn_without(NUM_LAYERS, False)}
plt.figure(figsize=(6, 3))
for name, points in ablations.items():
    print(f"{name:12} held-out perplexity", "  ".join(f"step {step}: {value:.2f}" for step, value in points))
    plt.plot(*zip(*points[1:]), marker="o", label=name)
plt.axhline(trigram, linestyle="--", color="grey", label="trigram")
plt.xlabel("step")
plt.ylabel("perplexity, held out")
plt.legend()
plt.show()

# %% [markdown]
# The two curves of the long run part: from the point where the held-out one rises, the model learns its reviews by heart. A model that is to be *used* would stop there.
#
# **What do the heads look at?** Rows are the positions that look, columns what they look at. The upper triangle is empty: that is the mask.
#
# 긴 학습의 두 곡선은 갈라집니다. 남겨 둔 영화평의 곡선이 오르기 시작하면 모델은 학습한 영화평을 외우고 있는 것입니다. 실제로 *쓸* 모델이라면 거기서 멈춥니다.
#
# **헤드는 무엇을 볼까요?** 행은 보는 위치, 열은 보이는 위치입니다. 위쪽 삼각형이 비어 있는 것은 마스크 때문입니다.

# %% tags=["notebook"]
ids = encode_reviews(["The music is quietly moving, but the ending is dull."])[None].to(DEVICE)
names = [symbols[number].replace(END_OF_WORD, "_").replace(END_OF_REVIEW, "|") for number in ids[0]]
with torch.no_grad():
    first = model.blocks[0]
    x = model.tok(ids) + model.pos(torch.arange(ids.size(1), device=DEVICE))
    _, weights = first.attn(first.ln1(x), return_weights=True)
figure, axes = plt.subplots(1, 4, figsize=(14, 4))
for head, axis in enumerate(axes):
    axis.imshow(weights[0, head].cpu(), cmap="Blues")
    axis.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axis.set_yticks(range(len(names)), names, fontsize=7)
    axis.set_title(f"head {head}")
plt.tight_layout()
plt.show()

# %% tags=["notebook"]
# The same logits, more and less daring. / 같은 모델, 더 조심스럽게 또는 더 과감하게.
prompt = encode_reviews(["The ending"])[:-1]
for options in ({"temperature": 0}, {"temperature": 1.0}, {"temperature": 1.0, "top_p": 0.8}, {"temperature": 2.0}):
    generator = torch.Generator(DEVICE).manual_seed(3)
    print(f"{options}\n   {show(generate(model, prompt, 30, generator=generator, **options))}")
# What the cache saves: time for a text as long as the context. / 캐시가 아껴 주는 시간.
for use_cache in (False, True):
    began = time.perf_counter()
    generate(model, torch.tensor([0]), CONTEXT - 1, use_cache=use_cache, temperature=0)
    print(f"use_cache={use_cache}: {time.perf_counter() - began:.2f} s")
