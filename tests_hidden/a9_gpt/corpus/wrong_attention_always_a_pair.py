"""Gives output and weights even where only the output was asked for; the block copes with it."""


class CausalSelfAttention(CausalSelfAttention):
    def forward(self, x, return_weights=False, cache=None, _given=CausalSelfAttention.forward):
        return _given(self, x, True, cache)


class Block(Block):
    def forward(self, x, cache=None):
        attended = self.attn(self.ln1(x), cache=cache)
        x = x + (attended[0] if isinstance(attended, tuple) else attended)
        return x + self.mlp(self.ln2(x))
