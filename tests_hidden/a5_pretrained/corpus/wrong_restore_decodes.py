"""The whole sentence is decoded again: words that the tokenizer does not know are lost."""
def restore(model, tokenizer, sentence, top_k=5):
    candidates = fill_mask(model, tokenizer, sentence, top_k)[0]
    ids = encode_text(tokenizer, sentence)["input_ids"][0]
    filled = []
    for piece, _ in candidates:
        ids_now = ids.clone()
        ids_now[ids == tokenizer.mask_token_id] = tokenizer.convert_tokens_to_ids(piece)
        filled.append(tokenizer.decode(ids_now, skip_special_tokens=True))
    return filled
