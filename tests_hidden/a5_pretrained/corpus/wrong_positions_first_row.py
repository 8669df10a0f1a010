"""Only the first row is searched."""
def mask_positions(input_ids, mask_token_id):
    return (input_ids[:1] == mask_token_id).nonzero()
