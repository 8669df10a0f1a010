"""The special tokens are written into the text, and added again."""
def encode_text(tokenizer, text):
    text = f"{tokenizer.cls_token or ''} {text} {tokenizer.sep_token or tokenizer.eos_token}"
    return tokenizer(text, return_tensors="pt")
