"""squeeze takes the axis of a single mask away."""
def mask_positions(input_ids, mask_token_id):
    return (input_ids == mask_token_id).nonzero().squeeze(0)
