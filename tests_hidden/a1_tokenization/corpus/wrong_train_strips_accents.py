"""Accents are stripped, and Hangul is decomposed on the way."""

from tokenizers import BertWordPieceTokenizer


def train_wordpiece(files, vocab_size=30000, min_frequency=2, limit_alphabet=6000):
    tokenizer = BertWordPieceTokenizer(lowercase=False, strip_accents=True)
    tokenizer.train(files, vocab_size=vocab_size, min_frequency=min_frequency, limit_alphabet=limit_alphabet)
    return tokenizer
