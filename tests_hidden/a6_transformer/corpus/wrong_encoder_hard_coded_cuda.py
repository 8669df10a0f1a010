"""The result is sent to CUDA, whatever device the inputs are on."""

class EncoderBlock(EncoderBlock):
    def forward(self, x, mask=None):
        result = super().forward(x, mask)
        return result.cuda()
