"""The end token is written and passed over."""

import torch


def greedy_decode(model, src, start_token_id, end_token_id, max_len=10):
    ids = [start_token_id]
    for _ in range(max_len):
        logits = model(src, torch.tensor([ids], device=src.device))
        ids.append(int(logits[0, -1].argmax()))
    return ids
