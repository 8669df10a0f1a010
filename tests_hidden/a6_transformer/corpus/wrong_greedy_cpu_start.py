"""The target is made on the CPU wherever the source is."""

import torch


def greedy_decode(model, src, start_token_id, end_token_id, max_len=10):
    ids = [start_token_id]
    for _ in range(max_len):
        logits = model(src, torch.tensor([ids]))
        ids.append(int(logits[0, -1].argmax()))
        if ids[-1] == end_token_id:
            break
    return ids
