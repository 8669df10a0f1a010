"""The submission compares itself with torch's own layers, which its definitions only speak about."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiHeadAttention(MultiHeadAttention):
    """The same as torch.nn.MultiheadAttention, without using F.scaled_dot_product_attention."""

    def forward(self, query, key, value, mask=None):
        # nn.MultiheadAttention would take ~mask here
        if mask is not None and mask.dim() == 3:
            mask = mask.unsqueeze(1)
        q, k, v = (
            torch.stack(layer(x).split(x.size(-1) // self.num_heads, dim=-1), dim=1)
            for layer, x in ((self.W_q, query), (self.W_k, key), (self.W_v, value))
        )
        context, attention_map = scaled_dot_product_attention(q, k, v, mask)
        return self.W_o(torch.cat(list(context.transpose(0, 1)), dim=-1))


def check_against_torch():
    """Compare with torch's own."""
    mine, theirs = MultiHeadAttention(8, 2), nn.MultiheadAttention(8, 2, batch_first=True)
    theirs.in_proj_weight.data = torch.cat([mine.W_q.weight, mine.W_k.weight, mine.W_v.weight]).detach()
    theirs.in_proj_bias.data = torch.cat([mine.W_q.bias, mine.W_k.bias, mine.W_v.bias]).detach()
    theirs.out_proj.load_state_dict(mine.W_o.state_dict())
    x = torch.randn(2, 5, 8)
    assert torch.allclose(mine(x, x, x), theirs(x, x, x)[0], atol=1e-5)
    q = torch.randn(2, 5, 8)
    assert torch.allclose(scaled_dot_product_attention(q, q, q)[0], F.scaled_dot_product_attention(q, q, q), atol=1e-5)


if __name__ == "__main__":
    check_against_torch()
    print(nn.TransformerEncoderLayer(8, 2, 16))
