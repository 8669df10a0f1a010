"""The weights come back in double precision; score and context are right."""


class LuongAttention(LuongAttention):
    def forward(self, h_t, encoder_outputs):
        context, weights = super().forward(h_t, encoder_outputs)
        return context, weights.double()
