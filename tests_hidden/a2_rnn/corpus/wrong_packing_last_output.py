"""The state is the last real output: wrong for the backward direction and for the layers below."""

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def run_packed(rnn, embeddings, lengths):
    outputs, state = rnn(pack_padded_sequence(embeddings, lengths.cpu(), enforce_sorted=False))
    outputs, _ = pad_packed_sequence(outputs, total_length=len(embeddings))
    rows = torch.arange(len(lengths), device=outputs.device)
    last = outputs[lengths.to(outputs.device) - 1, rows].unsqueeze(0)
    return outputs, (last, state[1]) if isinstance(state, tuple) else last
