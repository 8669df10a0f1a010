"""Of several files only the first is read."""

from tokenizers import BertWordPieceTokenizer


def train_wordpiece(files, vocab_size=30000, min_frequency=2, limit_alphabet=6000):
    tokenizer = BertWordPieceTokenizer(lowercase=False, strip_accents=False)
    tokenizer.train(files if isinstance(files, str) else files[0], vocab_size=vocab_size, min_frequency=min_frequency, limit_alphabet=limit_alphabet)
    return tokenizer
