"""Everything spelt out: loops over symbols, heads and tokens; the blocks keep their cache themselves."""

import torch
from torch import nn


def count_pairs(words):
    counts = {}
    for word in words:
        for i in range(len(word) - 1):
            pair = (word[i], word[i + 1])
            if pair not in counts:
                counts[pair] = 0
            counts[pair] = counts[pair] + words[word]
    return counts


def merge_pair(words, pair):
    left, right = pair
    result = {}
    for word in words:
        new, i = [], 0
        while i < len(word):
            if i + 1 < len(word) and word[i] == left and word[i + 1] == right:
                new.append(left + right)
                i = i + 2
            else:
                new.append(word[i])
                i = i + 1
        new = tuple(new)
        if new in result:
            result[new] += words[word]
        else:
            result[new] = words[word]
    return result


def train_bpe(text, num_merges):
    words = {}
    for word in text.split():
        key = tuple(word) + ("</w>",)
        words[key] = words.get(key, 0) + 1
    merges = []
    while len(merges) < num_merges:
        best, best_count = None, 0
        for pair, count in count_pairs(words).items():
            if count > best_count or (count == best_count and pair < best):
                best, best_count = pair, count
        if best is None:
            return merges
        merges.append(best)
        words = merge_pair(words, best)
    return merges


def bpe_encode(word, merges):
    symbols = list(word) + ["</w>"]
    while True:
        best_rank = len(merges)
        for i in range(len(symbols) - 1):
            pair = (symbols[i], symbols[i + 1])
            if pair in merges and merges.index(pair) < best_rank:
                best_rank = merges.index(pair)
        if best_rank == len(merges):
            return symbols
        left, right = merges[best_rank]
        i = 0
        while i < len(symbols) - 1:
            if symbols[i] == left and symbols[i + 1] == right:
                symbols[i : i + 2] = [left + right]
            i += 1


class CausalSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(d_model, 3 * d_model)
        self.proj = nn.Linear(d_model, d_model)
        self.memory = None

    def forward(self, x, return_weights=False):
        B, T, D = x.shape
        d = D // self.num_heads
        qkv = self.qkv(x)
        q, k, v = qkv[:, :, :D], qkv[:, :, D : 2 * D], qkv[:, :, 2 * D :]
        if self.memory is not None:
            self.memory.append((k, v))
            k = torch.cat([k for k, _ in self.memory], dim=1)
            v = torch.cat([v for _, v in self.memory], dim=1)
        S = k.shape[1]
        outputs, all_weights = [], []
        for head in range(self.num_heads):
            part = slice(head * d, (head + 1) * d)
            rows, weight_rows = [], []
            for t in range(T):
                see = S - T + t + 1
                scores = (k[:, :see, part] * q[:, t : t + 1, part]).sum(-1) / d**0.5
                weights = torch.exp(scores - scores.max(-1, keepdim=True).values)
                weights = weights / weights.sum(-1, keepdim=True)
                rows.append((weights.unsqueeze(-1) * v[:, :see, part]).sum(1))
                weight_rows.append(torch.cat([weights, weights.new_zeros(B, S - see)], dim=1))
            outputs.append(torch.stack(rows, dim=1))
            all_weights.append(torch.stack(weight_rows, dim=1))
        output = self.proj(torch.cat(outputs, dim=-1))
        if return_weights:
            return output, torch.stack(all_weights, dim=1)
        return output


class Block(nn.Module):
    def __init__(self, d_model, num_heads, d_ff):
        super().__init__()
        self.ln1 = nn.LayerNorm(d_model)
        self.attn = CausalSelfAttention(d_model, num_heads)
        self.ln2 = nn.LayerNorm(d_model)
        self.mlp = nn.Sequential(nn.Linear(d_model, d_ff), nn.GELU(), nn.Linear(d_ff, d_model))

    def forward(self, x):
        attended = self.attn(self.ln1(x))
        middle = x + attended
        thought = self.mlp(self.ln2(middle))
        return middle + thought


class GPT(nn.Module):
    def __init__(self, vocab_size, d_model, num_heads, num_layers, max_len):
        super().__init__()
        self.tok = nn.Embedding(vocab_size, d_model)
        self.pos = nn.Embedding(max_len, d_model)
        self.blocks = nn.ModuleList(Block(d_model, num_heads, 4 * d_model) for _ in range(num_layers))
        self.ln = nn.LayerNorm(d_model)
        self.head = nn.Linear(d_model, vocab_size, bias=False)
        self.tok.weight = self.head.weight
        self.max_len = max_len

    def forward(self, ids, offset=0):
        if ids.shape[1] + offset > self.max_len:
            raise ValueError("글이 너무 깁니다")
        x = self.tok(ids)
        x = x + self.pos.weight[offset : offset + ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln(x))


def next_token_loss(logits, ids):
    total, count = 0.0, 0
    for b in range(ids.shape[0]):
        for t in range(ids.shape[1] - 1):
            total = total + torch.logsumexp(logits[b, t], dim=0) - logits[b, t, ids[b, t + 1]]
            count += 1
    return total / count


def choose_token(logits, temperature=1.0, top_k=None, top_p=None, generator=None):
    if temperature == 0:
        return logits.argmax().item()
    probabilities = torch.softmax(logits / temperature, dim=-1).tolist()
    order = sorted(range(len(probabilities)), key=lambda i: -probabilities[i])
    if top_k is not None:
        order = order[:top_k]
    left = sum(probabilities[i] for i in order)
    if top_p is not None:
        kept, reached = [], 0.0
        for i in order:
            kept.append(i)
            reached += probabilities[i] / left
            if reached >= top_p:
                break
        order = kept
    left = sum(probabilities[i] for i in order)
    at = torch.rand(1, generator=generator, device=logits.device).item() * left
    for i in order:
        at -= probabilities[i]
        if at < 0:
            return i
    return order[-1]


def generate(model, ids, max_new_tokens, use_cache=True, **sampling):
    result = [int(token) for token in ids]
    device = next(model.parameters()).device
    with torch.no_grad():
        try:
            seen = 0
            if use_cache and len(result) < model.max_len:
                for block in model.blocks:
                    block.attn.memory = []
            else:
                use_cache = False
            for _ in range(max_new_tokens):
                if use_cache and len(result) > model.max_len:
                    use_cache = False
                    for block in model.blocks:
                        block.attn.memory = None
                if use_cache:
                    # the prompt goes in one token after the other
                    while seen < len(result):
                        logits = model(torch.tensor([[result[seen]]], device=device), offset=seen)
                        seen += 1
                else:
                    logits = model(torch.tensor([result[-model.max_len :]], device=device))
                result.append(choose_token(logits[0, -1], **sampling))
        finally:
            for block in model.blocks:
                block.attn.memory = None
    return result
