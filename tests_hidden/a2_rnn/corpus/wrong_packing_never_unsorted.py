"""Sequences are sorted and not put back."""

from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def run_packed(rnn, embeddings, lengths):
    lengths, order = lengths.cpu().sort(descending=True)
    outputs, state = rnn(pack_padded_sequence(embeddings[:, order.to(embeddings.device)], lengths))
    outputs, _ = pad_packed_sequence(outputs, total_length=len(embeddings))
    return outputs, state
