"""The special tokens that the tokenizer adds are kept away."""


def encode_sentence(tokenizer, text):
    encoding = tokenizer.encode(text, add_special_tokens=False)
    return encoding.tokens, encoding.ids, tokenizer.decode(encoding.ids)
