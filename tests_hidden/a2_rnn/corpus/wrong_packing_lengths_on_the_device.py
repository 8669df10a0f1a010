"""Lengths are handed over wherever they are."""

from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def run_packed(rnn, embeddings, lengths):
    outputs, state = rnn(pack_padded_sequence(embeddings, lengths, enforce_sorted=False))
    outputs, _ = pad_packed_sequence(outputs, total_length=len(embeddings))
    return outputs, state
