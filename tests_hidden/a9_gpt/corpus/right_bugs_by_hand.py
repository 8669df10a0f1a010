"""The two mistakes corrected row by row, and with gradients asked for by hand."""

import torch


def next_probabilities(logits, lengths):
    rows = []
    for row, length in enumerate(lengths.tolist()):
        weights = torch.exp(logits[row, length - 1] - logits[row, length - 1].max())
        rows.append(weights / weights.sum())
    return torch.stack(rows)


def bug_in_next_probabilities():
    line = 2
    return line


def train_step(model, measure_loss, optimizer, ids):
    loss = measure_loss(model(ids), ids)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return float(loss.detach())


def bug_in_train_step():
    return 2 + 2
