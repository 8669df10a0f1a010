"""The logits are brought back to the CPU, as for printing them."""


def forward(self, input_ids, _given=RNNSeq2Seq.forward):
    logits, token_ids = _given(self, input_ids)
    return logits.cpu(), token_ids


RNNSeq2Seq.forward = forward
