"""Transformer: attention, heads, positions, masks, the two blocks and greedy decoding."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


def scaled_dot_product_attention(q, k, v, mask=None):
    """Let every query gather the values whose keys match it.

    q [..., T, d], k [..., S, d], v [..., S, e]. mask is True (or 1) where a query may look, and is
    broadcast over the leading dimensions. Returns (output [..., T, e], weights [..., T, S]).
    """
    # TODO attention.scaled: scores, then the mask, then the softmax, then the weighted sum
    return FIXME("attention.scaled")


class MultiHeadAttention(nn.Module):
    """Attention from several points of view at once."""

    def __init__(self, d_model, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.W_q = nn.Linear(d_model, d_model)
        self.W_k = nn.Linear(d_model, d_model)
        self.W_v = nn.Linear(d_model, d_model)
        self.W_o = nn.Linear(d_model, d_model)

    def forward(self, query, key, value, mask=None):
        """query [B,T,D], key and value [B,S,D], mask [T,S], [B,T,S] or [B,1,T,S] -> output [B,T,D]."""
        # TODO attention.multihead: project, split into heads, attend, join the heads, project once more
        return FIXME("attention.multihead")


def sinusoidal_positions(length, d_model):
    """The fixed fingerprint of each position, [length, d_model]: sines in even columns, cosines in odd ones."""
    # TODO positions: fill the even columns with sines and the odd ones with cosines
    return FIXME("positions")


def causal_mask(size):
    """Who may look at whom in a sentence written left to right: BoolTensor [size,size], True where allowed."""
    # TODO mask.causal: True on the diagonal and below it
    return FIXME("mask.causal")


class EncoderBlock(nn.Module):
    """Every position gathers from the others, then thinks for itself."""

    def __init__(self, d_model, num_heads, d_ff, dropout=0.1):
        super().__init__()
        self.self_attn = MultiHeadAttention(d_model, num_heads)
        self.linear1 = nn.Linear(d_model, d_ff)
        self.linear2 = nn.Linear(d_ff, d_model)
        self.norm1 = nn.LayerNorm(d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, mask=None):
        """x [B,S,D], mask as in MultiHeadAttention -> [B,S,D]; post-norm, relu."""
        # TODO block.encoder: self-attention, then the two linear layers; each is dropped out, added to its input, normalised
        return FIXME("block.encoder")


class DecoderBlock(nn.Module):
    """Each target position looks back at the target, then across at the source."""

    def __init__(self, d_model, num_heads, d_ff, dropout=0.1):
        super().__init__()
        self.self_attn = MultiHeadAttention(d_model, num_heads)
        self.cross_attn = MultiHeadAttention(d_model, num_heads)
        self.linear1 = nn.Linear(d_model, d_ff)
        self.linear2 = nn.Linear(d_ff, d_model)
        self.norm1 = nn.LayerNorm(d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.norm3 = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, memory, tgt_mask=None, memory_mask=None):
        """x [B,T,D], memory [B,S,D] -> [B,T,D]; tgt_mask is for x on x, memory_mask for x on memory."""
        # TODO block.decoder: self-attention, cross-attention, then the two linear layers, each wrapped as in EncoderBlock
        return FIXME("block.decoder")


def greedy_decode(model, src, start_token_id, end_token_id, max_len=10):
    """Write a target for src, always taking the likeliest next token.

    model(src [1,S], tgt [1,T]) gives logits [1,T,V]. Returns the ids as a list of ints: the start
    token, then at most max_len more, ending with the end token where it came up.
    """
    # TODO decode.greedy: ask for the logits of all tokens so far, append the best one, stop after the end token
    return FIXME("decode.greedy")


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def token_losses(logits, targets):
#   2       batch, steps, classes = logits.shape
#   3       by_class = logits.reshape(batch, classes, steps)
#   4       return F.cross_entropy(by_class, targets, reduction="none")


def token_losses(logits, targets):
    """Return the cross-entropy of each token [B,T]: logits [B,T,V] against targets [B,T]."""
    # TODO bug.classes: the function as it should be
    return FIXME("bug.classes")


def bug_in_token_losses():
    """Return the number of the wrong line."""
    # TODO bug.classes: its number
    return FIXME("bug.classes")


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   class Stack(nn.Module):
#   2       def __init__(self, width, depth):
#   3           super().__init__()
#   4           self.layers = [nn.Linear(width, width) for _ in range(depth)]
#   5       def forward(self, x):
#   6           for layer in self.layers:
#   7               x = torch.relu(layer(x))
#   8           return x


class Stack(nn.Module):
    """As many linear layers as `depth`, from [..., width] to [..., width], each followed by a relu."""

    def __init__(self, width, depth):
        super().__init__()
        # TODO bug.stack: the layers as they should be kept
        self.layers = FIXME("bug.stack")

    def forward(self, x):
        """x [..., width] -> [..., width]."""
        # TODO bug.stack: the rest of it
        return FIXME("bug.stack")


def bug_in_stack():
    """Return the number of the wrong line."""
    # TODO bug.stack: its number
    return FIXME("bug.stack")
