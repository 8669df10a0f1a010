"""One query, one head, one sentence at a time."""

import math

import torch


def attend_one(query, keys, values, allowed):
    """One query [d], keys [S,d], values [S,e] -> (its output [e], its weights [S])."""
    scores = torch.stack([torch.dot(query, key) for key in keys]) / len(query) ** 0.5
    if allowed is not None:
        scores = torch.stack([s if a else s - float("inf") for s, a in zip(scores, allowed)])
    weights = torch.softmax(scores, dim=0)
    return sum(w * value for w, value in zip(weights, values)), weights


def scaled_dot_product_attention(q, k, v, mask=None):
    if q.dim() > 2:
        masks = [None] * len(q)
        if mask is not None:
            masks = mask.expand(*q.shape[:-1], k.shape[-2])
        parts = [scaled_dot_product_attention(*part) for part in zip(q, k, v, masks)]
        return torch.stack([output for output, _ in parts]), torch.stack([weights for _, weights in parts])
    rows = [attend_one(q[t], k, v, None if mask is None else mask[t]) for t in range(len(q))]
    return torch.stack([output for output, _ in rows]), torch.stack([weights for _, weights in rows])


class MultiHeadAttention(MultiHeadAttention):
    def forward(self, query, key, value, mask=None):
        outputs = []
        for b in range(len(query)):
            allowed = mask
            if mask is not None and mask.dim() > 2:
                allowed = mask[b]
                if allowed.dim() == 3:
                    allowed = allowed[0]
            q, k, v = self.W_q(query[b]), self.W_k(key[b]), self.W_v(value[b])
            size = q.shape[-1] // self.num_heads
            heads = []
            for h in range(self.num_heads):
                part = slice(h * size, (h + 1) * size)
                output, _ = scaled_dot_product_attention(q[:, part], k[:, part], v[:, part], allowed)
                heads.append(output)
            outputs.append(self.W_o(torch.cat(heads, dim=-1)))
        return torch.stack(outputs)


def sinusoidal_positions(length, d_model):
    rows = []
    for position in range(length):
        row = []
        for column in range(d_model):
            angle = position / 10000 ** (column // 2 * 2 / d_model)
            row.append(math.sin(angle) if column % 2 == 0 else math.cos(angle))
        rows.append(row)
    return torch.tensor(rows)


def causal_mask(size):
    return torch.tensor([[column <= row for column in range(size)] for row in range(size)])


class EncoderBlock(EncoderBlock):
    def forward(self, x, mask=None):
        x = torch.stack([self.norm1(row) for row in x + self.dropout(self.self_attn(x, x, x, mask))])
        sums = []
        for row in x:
            hidden = self.dropout(torch.relu(self.linear1(row)))
            sums.append(row + self.dropout(self.linear2(hidden)))
        return torch.stack([self.norm2(row) for row in sums])


class DecoderBlock(DecoderBlock):
    def forward(self, x, memory, tgt_mask=None, memory_mask=None):
        steps = (
            (lambda y: self.self_attn(y, y, y, tgt_mask), self.norm1),
            (lambda y: self.cross_attn(y, memory, memory, memory_mask), self.norm2),
            (lambda y: self.linear2(self.dropout(torch.relu(self.linear1(y)))), self.norm3),
        )
        for sublayer, norm in steps:
            x = norm(x + self.dropout(sublayer(x)))
        return x


def greedy_decode(model, src, start_token_id, end_token_id, max_len=10):
    ids = [start_token_id]
    while len(ids) <= max_len and (len(ids) == 1 or ids[-1] != end_token_id):
        with torch.no_grad():
            scores = model(src, torch.tensor(ids, device=src.device).unsqueeze(0))[0][-1].tolist()
        ids.append(scores.index(max(scores)))
    return ids
