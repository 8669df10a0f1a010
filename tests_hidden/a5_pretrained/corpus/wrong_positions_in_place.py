"""The masks are overwritten in the caller's ids."""
def mask_positions(input_ids, mask_token_id):
    found = (input_ids == mask_token_id).nonzero()
    input_ids[input_ids == mask_token_id] = -100
    return found
