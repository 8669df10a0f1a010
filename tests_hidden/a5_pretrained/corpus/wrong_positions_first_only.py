"""Only the first mask of each row is found, even where there is none."""
import torch


def mask_positions(input_ids, mask_token_id):
    columns = (input_ids == mask_token_id).int().argmax(dim=1)
    return torch.stack([torch.arange(len(columns), device=columns.device), columns], dim=1)
