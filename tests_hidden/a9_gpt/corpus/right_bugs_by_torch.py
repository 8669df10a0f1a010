"""The two mistakes corrected with other calls of torch's."""

import torch
from torch.nn import functional as F


def next_probabilities(logits, lengths):
    index = (lengths.to(logits.device) - 1).view(-1, 1, 1).expand(-1, 1, logits.size(2))
    return F.softmax(logits.gather(1, index).squeeze(1), dim=1)


def bug_in_next_probabilities():
    return len("if")


def train_step(model, measure_loss, optimizer, ids):
    logits = model(ids)
    loss = measure_loss(logits, ids)
    for parameter in model.parameters():
        parameter.grad = None
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        return loss.item()


def bug_in_train_step():
    return int("4")
