"""The ## of a piece stays in the sentence."""
def restore(model, tokenizer, sentence, top_k=5):
    candidates = fill_mask(model, tokenizer, sentence, top_k)[0]
    return [sentence.replace(tokenizer.mask_token, piece) for piece, _ in candidates]
