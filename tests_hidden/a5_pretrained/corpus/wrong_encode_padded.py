"""The text is padded to a fixed length."""
def encode_text(tokenizer, text):
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer(text, return_tensors="pt", padding="max_length", max_length=24)
