"""A list of texts comes back."""
def translate(model, tokenizer, text, max_new_tokens=64):
    inputs = encode_text(tokenizer, text).to(model.device)
    output_ids = model.generate(**inputs, max_new_tokens=max_new_tokens)
    return tokenizer.batch_decode(output_ids, skip_special_tokens=True)
