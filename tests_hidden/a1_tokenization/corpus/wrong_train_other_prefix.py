"""Pieces inside a word are marked with @@."""

from tokenizers import BertWordPieceTokenizer
from tokenizers.models import WordPiece


def train_wordpiece(files, vocab_size=30000, min_frequency=2, limit_alphabet=6000):
    tokenizer = BertWordPieceTokenizer(lowercase=False, strip_accents=False, wordpieces_prefix="@@")
    tokenizer.model = WordPiece(unk_token="[UNK]", continuing_subword_prefix="@@")
    tokenizer.train(
        files,
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        limit_alphabet=limit_alphabet,
        wordpieces_prefix="@@",
    )
    return tokenizer
