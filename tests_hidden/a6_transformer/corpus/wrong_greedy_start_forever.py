"""The start token alone is fed at every step."""

import torch


def greedy_decode(model, src, start_token_id, end_token_id, max_len=10):
    ids = [start_token_id]
    tgt = torch.tensor([ids], device=src.device)
    for _ in range(max_len):
        ids.append(int(model(src, tgt)[0, -1].argmax()))
        if ids[-1] == end_token_id:
            break
    return ids
