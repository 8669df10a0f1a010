"""The two mistakes corrected with a length that is found first, and number by number."""

import torch


def sentence_loss(step, state, target):
    ids = [int(token) for token in target]
    length = ids.index(1) + 1 if 1 in ids else len(ids)
    total, token = 0, 0
    for t in range(length):
        log_probs, state = step(token, state)
        total = total + log_probs[ids[t]]
        token = ids[t]
    return -total / length


def bug_in_sentence_loss():
    line = 6
    return line


def top_states(h_n):
    layers = h_n.shape[0] // 2
    return torch.stack([number for row in (2 * layers - 2, 2 * layers - 1) for number in h_n[row]])


def bug_in_top_states():
    return 1 + 1
