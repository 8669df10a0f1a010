"""torch's own attention under another name."""

import torch


from torch.nn.functional import scaled_dot_product_attention as ready_made


def scaled_dot_product_attention(q, k, v, mask=None):
    allowed = None if mask is None else mask.bool()
    weights = ready_made(q, k, torch.eye(k.size(-2), device=k.device).expand(*k.shape[:-1], -1), attn_mask=allowed)
    return weights @ v, weights
