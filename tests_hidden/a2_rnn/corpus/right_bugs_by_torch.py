"""The two mistakes corrected with a previous result, and with chunks."""

import torch


def run_layers(cells, x, h):
    h = h.unbind(0)
    for x_t in x:
        new = []
        for cell, state in zip(cells, h):
            new.append(cell(new[-1] if new else x_t, state))
        h = new
    return torch.stack(list(h))


def bug_in_run_layers():
    return len("cells")


def join_ends(outputs):
    forward, backward = outputs.chunk(2, dim=-1)
    return torch.hstack((forward[-1], backward[0]))


def bug_in_join_ends():
    return 4
