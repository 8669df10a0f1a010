"""An id of 0 is taken for no id at all."""
def mask_positions(input_ids, mask_token_id):
    return (input_ids == (mask_token_id or 103)).nonzero()
