"""Only the best sentence comes back."""
def restore(model, tokenizer, sentence, top_k=5):
    candidates = fill_mask(model, tokenizer, sentence, top_k)[0]
    return sentence.replace(tokenizer.mask_token, candidates[0][0].removeprefix("##"))
