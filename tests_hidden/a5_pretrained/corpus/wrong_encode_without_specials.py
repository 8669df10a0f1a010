"""The special tokens are left out."""
def encode_text(tokenizer, text):
    return tokenizer(text, return_tensors="pt", add_special_tokens=False)
