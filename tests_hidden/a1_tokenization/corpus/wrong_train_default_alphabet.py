"""The library's limit of 1000 characters is left in place."""

from tokenizers import BertWordPieceTokenizer


def train_wordpiece(files, vocab_size=30000, min_frequency=2, limit_alphabet=6000):
    tokenizer = BertWordPieceTokenizer(lowercase=False, strip_accents=False)
    tokenizer.train(files, vocab_size=vocab_size, min_frequency=min_frequency)
    return tokenizer
