"""The result is sent to CUDA, whatever device the inputs are on."""

class DecoderRNN(DecoderRNN):
    def forward_step(self, input, hidden):
        output, hidden = super().forward_step(input, hidden)
        return output.cuda(), hidden
