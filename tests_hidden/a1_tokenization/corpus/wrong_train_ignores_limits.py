"""vocab_size and min_frequency do not reach the training."""

from tokenizers import BertWordPieceTokenizer


def train_wordpiece(files, vocab_size=30000, min_frequency=2, limit_alphabet=6000):
    tokenizer = BertWordPieceTokenizer(lowercase=False, strip_accents=False)
    tokenizer.train(files, limit_alphabet=limit_alphabet)
    return tokenizer
