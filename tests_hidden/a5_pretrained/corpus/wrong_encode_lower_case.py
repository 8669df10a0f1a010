"""The text is lower-cased for a tokenizer that tells cases apart."""
def encode_text(tokenizer, text):
    return tokenizer(text.lower(), return_tensors="pt")
