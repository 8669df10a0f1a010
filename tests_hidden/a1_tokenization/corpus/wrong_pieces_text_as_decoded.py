"""The text itself is given as what the ids decode to."""


def encode_sentence(tokenizer, text):
    encoding = tokenizer.encode(text)
    return encoding.tokens, encoding.ids, text
