"""The two mistakes corrected layer after layer, and number by number."""

import torch


def run_layers(cells, x, h):
    last = []
    sequence = list(x)
    for layer in range(len(h)):
        state, outputs = h[layer], []
        for item in sequence:
            state = cells[layer](item, state)
            outputs.append(state)
        sequence = outputs
        last.append(state)
    return torch.stack(last)


def bug_in_run_layers():
    line = 5
    return line


def join_ends(outputs):
    width = outputs.shape[1]
    numbers = [outputs[-1, i] if i < width // 2 else outputs[0, i] for i in range(width)]
    return torch.stack(numbers)


def bug_in_join_ends():
    return 2 + 2
