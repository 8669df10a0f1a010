"""The state is reshaped with view: rows of the batch are mixed."""

from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def run_packed(rnn, embeddings, lengths):
    def batch_first(part):
        return part.view(part.shape[1], part.shape[0], -1)

    outputs, state = rnn(pack_padded_sequence(embeddings, lengths.cpu(), enforce_sorted=False))
    outputs, _ = pad_packed_sequence(outputs, total_length=len(embeddings))
    if isinstance(state, tuple):
        return outputs, tuple(batch_first(part).transpose(0, 1) for part in state)
    return outputs, batch_first(state).transpose(0, 1)
