"""The ids are brought back to the CPU before they are encoded."""


def forward(self, input_ids, _given=LSTMSeq2Seq.forward):
    return _given(self, input_ids.cpu())


LSTMSeq2Seq.forward = forward
