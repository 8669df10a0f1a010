"""The padding is set to zero and then run through the network."""

import torch


def run_packed(rnn, embeddings, lengths):
    steps = torch.arange(len(embeddings), device=embeddings.device).unsqueeze(1)
    mask = (steps < lengths.to(embeddings.device)).unsqueeze(-1)
    outputs, state = rnn(embeddings * mask)
    return outputs * mask, state
