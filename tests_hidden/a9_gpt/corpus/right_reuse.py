"""Parts are made from other parts; a Gumbel draw; the whole context is written into a buffer."""

import re

import torch
from torch import nn
from torch.nn import functional as F


def train_bpe(text, num_merges):
    counts = {}
    for word in re.findall(r"\S+", text):
        counts[(*word, END_OF_WORD)] = counts.get((*word, END_OF_WORD), 0) + 1
    merges = []
    try:
        while len(merges) < num_merges:
            pairs = count_pairs(counts)
            most = max(pairs.values())
            pair = min(pair for pair in pairs if pairs[pair] == most)
            counts = merge_pair(words=counts, pair=pair)
            merges.append(pair)
    except ValueError:
        pass
    return merges


def bpe_encode(word, merges):
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    words = {(*word, END_OF_WORD): 1}
    while True:
        pairs = count_pairs(words)
        best = min(pairs, key=lambda pair: ranks.get(pair, float("inf")), default=None)
        if best not in ranks:
            return [symbol for symbols in words for symbol in symbols]
        words = merge_pair(words, best)


class CausalSelfAttention(CausalSelfAttention):
    def forward(self, x, return_weights=False, cache=None):
        q, k, v = (
            F.linear(x, weight, bias).unflatten(2, (self.num_heads, -1)).movedim(2, 1)
            for weight, bias in zip(self.qkv.weight.chunk(3), self.qkv.bias.chunk(3))
        )
        past = 0
        if cache is not None:
            k, v, past = cache.extend(k, v)
        steps = torch.arange(q.shape[2], device=x.device)
        places = torch.arange(k.shape[2], device=x.device)
        scores = torch.matmul(q, k.mT).div(q.shape[3] ** 0.5)
        scores = torch.where(places <= steps[:, None] + past, scores, torch.finfo(scores.dtype).min)
        weights = torch.exp(F.log_softmax(scores, -1))
        mixed = torch.cat((weights @ v).unbind(1), dim=-1)
        output = F.linear(mixed, self.proj.weight, self.proj.bias)
        return (output, weights) if return_weights else output


class Buffer:
    """Keys and values of one block, in the order of the positions."""

    def __init__(self):
        self.parts = []

    def extend(self, k, v):
        past = sum(part[0].shape[2] for part in self.parts)
        self.parts.append((k, v))
        keys, values = zip(*self.parts)
        return torch.cat(keys, 2), torch.cat(values, 2), past


class Block(Block):
    def forward(self, x, **options):
        for norm, layer in ((self.ln1, lambda y: self.attn(y, **options)), (self.ln2, self.mlp)):
            x = x + layer(norm(x))
        return x


class GPT(GPT):
    def forward(self, ids, start=0, caches=None):
        positions = start + torch.arange(ids.shape[-1], device=ids.device)
        if positions.numel() and start + ids.shape[-1] > self.pos.num_embeddings:
            raise ValueError("longer than max_len")
        x = self.tok(ids) + self.pos(positions)
        for number, block in enumerate(self.blocks):
            x = block(x, cache=caches[number]) if caches else block(x)
        return self.ln(x) @ self.head.weight.T


def next_token_loss(logits, ids):
    losses = F.cross_entropy(logits.transpose(1, 2), ids.roll(-1, 1), reduction="none")
    return losses[:, :-1].mean()


def choose_token(logits, temperature=1.0, top_k=None, top_p=None, generator=None):
    if not temperature:
        return int(torch.argmax(logits, dim=-1))
    logits = logits / temperature
    if top_k:
        worst = logits.topk(min(top_k, len(logits)))[0][-1]
        logits = logits.masked_fill(logits < worst, float("-inf"))
    if top_p is not None:
        shares = logits.softmax(-1)
        larger = shares[None] > shares[:, None]
        logits = logits.masked_fill((shares[None] * larger).sum(-1) >= top_p, float("-inf"))
    noise = -torch.log(-torch.log(torch.rand(len(logits), generator=generator, device=logits.device) * 0.999999 + 1e-9))
    return int((logits + noise).argmax())


def generate(model, ids, max_new_tokens, use_cache=True, temperature=1.0, top_k=None, top_p=None, generator=None):
    limit, device = model.pos.num_embeddings, model.pos.weight.device
    buffer = torch.zeros(len(ids) + max_new_tokens, dtype=torch.long, device=device)
    buffer[: len(ids)] = torch.as_tensor(ids)
    caches, start = [Buffer() for _ in model.blocks], 0
    with torch.no_grad():
        for end in range(len(ids), len(buffer)):
            if use_cache and end <= limit:
                logits = model(buffer[None, start:end], start, caches)
                start = end
            else:
                logits = model(buffer[None, max(0, end - limit) : end])
            buffer[end] = choose_token(logits[0, -1], temperature, top_k, top_p, generator)
    return buffer.tolist()
