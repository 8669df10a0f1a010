"""The last state is brought back to the CPU."""


def forward(self, input_ids, _given=RNNEncoder.forward):
    hidden_states, h_n = _given(self, input_ids)
    return hidden_states, h_n.cpu()


RNNEncoder.forward = forward
