"""As much as possible left to torch and the standard library; caches are pairs that the layers hand back."""

import itertools
from collections import Counter, defaultdict

import torch
from torch import nn
from torch.nn import functional as F


def count_pairs(words):
    counts = defaultdict(int)
    for symbols, count in words.items():
        for pair, times in Counter(zip(symbols, symbols[1:])).items():
            counts[pair] += times * count
    return counts


def merge_pair(words, pair):
    def joined(symbols):
        stack = []
        for symbol, following in itertools.zip_longest(symbols, symbols[1:]):
            if stack and stack[-1] is None:
                stack[-1] = "".join(pair)
            elif (symbol, following) == tuple(pair):
                stack.append(None)
            else:
                stack.append(symbol)
        return tuple(stack)

    merged = Counter()
    for symbols, count in words.items():
        merged.update({joined(symbols): count})
    return merged


def train_bpe(text, num_merges):
    words = Counter(tuple(word) + ("</w>",) for word in text.split())
    merges = []
    for _ in range(num_merges):
        pairs = count_pairs(words)
        if pairs:
            merges += [sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[0][0]]
            words = merge_pair(words, merges[-1])
    return merges


def bpe_encode(word, merges):
    words = {tuple(word) + ("</w>",): 1}
    # a merge can only use what the merges before it have made
    for pair in merges:
        words = merge_pair(words, pair)
    return list(next(iter(words)))


class CausalSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(d_model, 3 * d_model)
        self.proj = nn.Linear(d_model, d_model)

    def forward(self, x, return_weights=False, past=None, keep=False):
        batch, steps, d_model = x.shape
        q, k, v = self.qkv(x).view(batch, steps, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        if past is not None:
            k, v = torch.cat((past[0], k), -2), torch.cat((past[1], v), -2)
        scores = torch.einsum("bhtd,bhsd->bhts", q, k) * q.shape[-1] ** -0.5
        future = torch.full(scores.shape[-2:], float("-inf"), device=x.device).triu(k.shape[-2] - steps + 1)
        weights = F.softmax(scores + future, dim=3)
        output = self.proj(torch.einsum("bhts,bhsd->bthd", weights, v).reshape(batch, steps, d_model))
        if keep:
            return output, (k, v)
        return (output, weights) if return_weights else output


class Block(nn.Module):
    def __init__(self, d_model, num_heads, d_ff):
        super().__init__()
        self.ln1 = nn.LayerNorm(d_model)
        self.attn = CausalSelfAttention(d_model, num_heads)
        self.ln2 = nn.LayerNorm(d_model)
        self.mlp = nn.Sequential(nn.Linear(d_model, d_ff), nn.GELU(), nn.Linear(d_ff, d_model))

    def forward(self, x, past=None, keep=False):
        if keep:
            attended, past = self.attn(self.ln1(x), past=past, keep=True)
        else:
            attended = self.attn(self.ln1(x))
        x = torch.add(x, attended)
        x = self.mlp(self.ln2(x)).add(x)
        return (x, past) if keep else x


class GPT(nn.Module):
    def __init__(self, vocab_size, d_model, num_heads, num_layers, max_len):
        super().__init__()
        self.tok = nn.Embedding(vocab_size, d_model)
        self.pos = nn.Embedding(max_len, d_model)
        self.blocks = nn.ModuleList(Block(d_model, num_heads, 4 * d_model) for _ in range(num_layers))
        self.ln = nn.LayerNorm(d_model)
        self.head = nn.Linear(d_model, vocab_size, bias=False)
        self.head.weight = self.tok.weight

    def forward(self, ids):
        batch, steps = ids.size()
        if steps > len(self.pos.weight):
            raise ValueError(f"at most {len(self.pos.weight)} tokens")
        x = F.embedding(ids, self.tok.weight) + self.pos(torch.arange(steps, device=ids.device).expand(batch, -1))
        for block in self.blocks:
            x = block(x)
        return F.linear(self.ln(x), self.tok.weight)

    def extend(self, ids, pasts):
        start = pasts[0][0].shape[-2] if pasts[0] else 0
        x = self.tok(ids) + self.pos.weight[start : start + ids.shape[1]]
        kept = []
        for block, past in zip(self.blocks, pasts):
            x, past = block(x, past, keep=True)
            kept.append(past)
        return self.head(self.ln(x[:, -1])), kept


def next_token_loss(logits, ids):
    log_probs = F.log_softmax(logits, dim=-1)[:, :-1]
    return -log_probs.gather(2, ids[:, 1:, None]).mean()


def choose_token(logits, temperature=1.0, top_k=None, top_p=None, generator=None):
    if temperature == 0:
        return int(torch.topk(logits, 1).indices)
    logits = logits.detach().clone() / temperature
    if top_k is not None and top_k < logits.numel():
        logits[logits < logits.topk(top_k).values.min()] = -torch.inf
    if top_p is not None:
        values, places = torch.sort(logits, descending=True)
        reached = torch.cumsum(F.softmax(values, dim=-1), dim=-1)
        remove = reached >= top_p
        remove[1:] = remove[:-1].clone()
        remove[0] = False
        logits = logits.index_fill(0, places[remove], -torch.inf)
    return int(torch.multinomial(torch.softmax(logits, -1), num_samples=1, generator=generator).item())


@torch.inference_mode()
def generate(model, ids, max_new_tokens, use_cache=True, **sampling):
    text, device = torch.as_tensor(ids).tolist(), model.tok.weight.device
    limit = model.pos.weight.shape[0]
    pasts, seen = [None] * len(model.blocks), 0
    for _ in range(max_new_tokens):
        if use_cache and len(text) <= limit:
            logits, pasts = model.extend(torch.tensor(text[seen:], device=device)[None], pasts)
            seen = len(text)
        else:
            logits = model(torch.tensor(text[max(0, len(text) - limit) :], device=device).unsqueeze(0))[:, -1]
        text.append(choose_token(logits.squeeze(0), **sampling))
    return text
