"""Tokens are joined with spaces: the ## pieces stay apart."""


def encode_sentence(tokenizer, text):
    encoding = tokenizer.encode(text)
    return encoding.tokens, encoding.ids, " ".join(encoding.tokens)
