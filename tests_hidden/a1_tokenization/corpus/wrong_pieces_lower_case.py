"""The text is changed before it is encoded."""


def encode_sentence(tokenizer, text):
    encoding = tokenizer.encode(text.strip().lower())
    return encoding.tokens, encoding.ids, tokenizer.decode(encoding.ids)
