"""Outputs are only as long as the longest sequence."""

from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def run_packed(rnn, embeddings, lengths):
    outputs, state = rnn(pack_padded_sequence(embeddings, lengths.cpu(), enforce_sorted=False))
    outputs, _ = pad_packed_sequence(outputs)
    return outputs, state
