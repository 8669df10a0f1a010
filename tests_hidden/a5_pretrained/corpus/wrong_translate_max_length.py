"""max_length counts the start token, too."""
def translate(model, tokenizer, text, max_new_tokens=64):
    inputs = encode_text(tokenizer, text).to(model.device)
    output_ids = model.generate(**inputs, max_length=max_new_tokens)
    return tokenizer.decode(output_ids[0], skip_special_tokens=True)
