"""h_n.squeeze(0): the layer axis is lost where there is one layer."""

from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def run_packed(rnn, embeddings, lengths):
    outputs, state = rnn(pack_padded_sequence(embeddings, lengths.cpu(), enforce_sorted=False))
    outputs, _ = pad_packed_sequence(outputs, total_length=len(embeddings))
    state = tuple(part.squeeze(0) for part in state) if isinstance(state, tuple) else state.squeeze(0)
    return outputs, state
