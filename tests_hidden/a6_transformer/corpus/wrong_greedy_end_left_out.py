"""The end token is not kept."""

import torch


def greedy_decode(model, src, start_token_id, end_token_id, max_len=10):
    ids = [start_token_id]
    for _ in range(max_len):
        logits = model(src, torch.tensor([ids], device=src.device))
        next_id = int(logits[0, -1].argmax())
        if next_id == end_token_id:
            break
        ids.append(next_id)
    return ids
