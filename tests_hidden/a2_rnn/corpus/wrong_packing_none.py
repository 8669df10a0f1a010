"""The padding is run through the network."""


def run_packed(rnn, embeddings, lengths):
    return rnn(embeddings)
