"""The ids are a list of tensors."""

import torch


def greedy_decode(model, src, start_token_id, end_token_id, max_len=10):
    tgt = torch.tensor([[start_token_id]], device=src.device)
    ids = [tgt[0, 0]]
    for _ in range(max_len):
        next_id = model(src, tgt)[0, -1].argmax()
        ids.append(next_id)
        tgt = torch.cat([tgt, next_id.view(1, 1)], dim=1)
        if next_id.item() == end_token_id:
            break
    return ids
