"""Inputs and targets are made on the CPU, wherever the model is."""

import torch
from torch.nn import functional as F


def truncated_bptt(model, ids, chunk_size, optimizer):
    h = model.init_hidden()
    index = torch.tensor(ids)
    inputs, targets = F.one_hot(index[:-1], model.vocab_size).float(), index[1:]
    losses = []
    for start in range(0, len(targets), chunk_size):
        h = h.detach()
        logits = []
        for x in inputs[start : start + chunk_size]:
            step_logits, h = model.step(x, h)
            logits.append(step_logits)
        loss = F.cross_entropy(torch.stack(logits), targets[start : start + chunk_size])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
