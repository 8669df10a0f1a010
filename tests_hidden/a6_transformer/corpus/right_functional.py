"""Layers as functions of their weights."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiHeadAttention(MultiHeadAttention):
    def forward(self, query, key, value, mask=None):
        def heads_of(x, layer):
            return torch.stack(F.linear(x, layer.weight, layer.bias).chunk(self.num_heads, dim=-1), dim=1)

        if mask is not None:
            mask = mask.view(-1, 1, *mask.shape[-2:])
        attended = scaled_dot_product_attention(
            q=heads_of(query, self.W_q), k=heads_of(key, self.W_k), v=heads_of(value, self.W_v), mask=mask
        )[0]
        return F.linear(torch.cat(attended.unbind(dim=1), dim=-1), self.W_o.weight, self.W_o.bias)


def scaled_dot_product_attention(q, k, v, mask=None):
    d = q.size(-1)
    attention_scores = torch.matmul(q / d**0.25, (k / d**0.25).transpose(-1, -2))
    if mask is not None:
        attention_scores = attention_scores + (1.0 - mask.to(q.dtype)) * -1e9
    attention_weights = F.softmax(attention_scores, dim=attention_scores.dim() - 1)
    return torch.matmul(attention_weights, v), attention_weights


class EncoderBlock(EncoderBlock):
    def drop(self, x):
        return F.dropout(x, self.dropout.p, training=self.training)

    def normalise(self, x, norm):
        return F.layer_norm(x, x.shape[-1:], norm.weight, norm.bias, norm.eps)

    def forward(self, x, mask=None):
        out1 = self.normalise(x + self.drop(self.self_attn(x, x, x, mask=mask)), self.norm1)
        ff = F.linear(self.drop(F.relu(F.linear(out1, self.linear1.weight, self.linear1.bias))), self.linear2.weight)
        return self.normalise(out1 + self.drop(ff + self.linear2.bias), self.norm2)


class DecoderBlock(DecoderBlock):
    def drop(self, x):
        return F.dropout(x, self.dropout.p, training=self.training)

    def normalise(self, x, norm):
        mean = x.mean(-1, keepdim=True)
        variance = (x - mean).pow(2).mean(-1, keepdim=True)
        return (x - mean) / torch.sqrt(variance + norm.eps) * norm.weight + norm.bias

    def forward(self, x, memory, tgt_mask=None, memory_mask=None):
        out1 = self.normalise(x + self.drop(self.self_attn(x, x, x, mask=tgt_mask)), self.norm1)
        out2 = self.normalise(out1 + self.drop(self.cross_attn(out1, memory, memory, mask=memory_mask)), self.norm2)
        ff = F.linear(F.relu(F.linear(out2, self.linear1.weight, self.linear1.bias)), self.linear2.weight)
        return self.normalise(out2 + self.drop(ff + self.linear2.bias), self.norm3)
