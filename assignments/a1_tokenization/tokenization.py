"""Tokenization: text to words, words to ids, ids to vectors."""

import re
from collections.abc import Iterable, Sequence

import torch
from tokenizers import BertWordPieceTokenizer
from torch import Tensor, nn
from torch.nn import functional as F


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


PAD_TOKEN, UNK_TOKEN = "<PAD>", "<UNK>"


class SimpleTokenizer:
    """Splits text into lower-case words and numbers them in the order they were first seen."""

    def __init__(self) -> None:
        self.vocab: dict[str, int] = {PAD_TOKEN: 0, UNK_TOKEN: 1}
        self.inv_vocab: dict[int, str] = {0: PAD_TOKEN, 1: UNK_TOKEN}

    def normalize_and_split(self, text: str) -> list[str]:
        """The lower-case words of a text, in order; punctuation and emoji are left out."""
        # TODO simple.split: lower-case the text, then find its words (the pattern is \b\w+\b)
        return FIXME("simple.split")

    def build_vocab(self, corpus: Iterable[str]) -> None:
        """Give every new word of the corpus the next free id; a second call goes on where the first ended."""
        # TODO simple.vocab: fill self.vocab (word -> id) and self.inv_vocab (id -> word)
        return FIXME("simple.vocab")

    def encode(self, text: str) -> list[int]:
        """The ids of a text's words; a word that the vocabulary does not know becomes <UNK>."""
        # TODO simple.encode: one id for each word, none left out
        return FIXME("simple.encode")

    def decode(self, ids: Sequence[int]) -> list[str]:
        """The words of a list of ids; an id that the vocabulary does not know becomes <UNK>."""
        # TODO simple.decode: one word for each id, <PAD> too
        return FIXME("simple.decode")

    def pad(self, ids: Sequence[int], max_len: int) -> list[int]:
        """A new list of exactly max_len ids: longer input is cut, shorter input gets <PAD> on the right."""
        # TODO simple.pad: cut, then fill up; leave the caller's list as it is
        return FIXME("simple.pad")

    def __call__(self, text: str, max_len: int | None = None) -> list[int]:
        """Encode a text, and pad it where max_len is given (0 is a length too)."""
        # TODO simple.pad: encode, then pad unless max_len is None
        return FIXME("simple.pad")


SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def train_wordpiece(
    files: str | list[str],
    vocab_size: int = 30000,
    min_frequency: int = 2,
    limit_alphabet: int = 6000,
) -> BertWordPieceTokenizer:
    """Train a WordPiece tokenizer on text files; the special tokens get the ids 0 to 4.

    files: a path or a list of paths. vocab_size: at most so many pieces. min_frequency: a pair that is rarer is not joined.
    limit_alphabet: how many different characters are kept; Korean needs thousands.
    """
    # TODO wordpiece.train: make a BertWordPieceTokenizer that changes neither case nor accents, and train it
    return FIXME("wordpiece.train")


def encode_sentence(tokenizer: BertWordPieceTokenizer, text: str) -> tuple[list[str], list[int], str]:
    """The tokens of a text, their ids, and the text that the ids decode to, all as the tokenizer gives them."""
    # TODO wordpiece.encode: encode the text as it is; decode the ids again
    return FIXME("wordpiece.encode")


def lookup(embedding: nn.Embedding, ids: list[int]) -> Tensor:
    """The embedding's rows for a list of ids: [S] -> [S, E], on the embedding's device."""
    # TODO embedding.lookup: make the ids a tensor where the table is, then ask the embedding
    return FIXME("embedding.lookup")


def one_hot_lookup(weight: Tensor, ids: list[int]) -> Tensor:
    """The same rows by a product of one-hot rows and the table: [S, V] @ [V, E] -> [S, E]."""
    # TODO embedding.lookup: one-hot rows of width V, times the table
    return FIXME("embedding.lookup")


def analogy(vectors: Tensor, vocab: dict[str, int], a: str, b: str, c: str) -> str:
    """The word whose vector points most nearly along a - b + c (king - man + woman), other than a, b and c.

    vectors: [V, E], used as they are. vocab: word -> row. A row of zeros has no direction and is never the answer.
    """
    # TODO embedding.analogy: the target vector, its cosine with every row, the best of the other words
    return FIXME("embedding.analogy")


def pad_batch(sequences: Sequence[Sequence[int]], pad_id: int) -> tuple[Tensor, Tensor]:
    """Rows of equal length and the true lengths: LongTensors [B, S] and [B]. An empty batch is a ValueError."""
    # TODO batch.pad: refuse an empty batch; fill each row up on the right; count the lengths before filling
    return FIXME("batch.pad")


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def find_ids(words, vocab, unknown_id):
#   2       ids = []
#   3       for word in words:
#   4           index = vocab.get(word)
#   5           ids.append(index if index else unknown_id)
#   6       return ids


def find_ids(words: Sequence[str], vocab: dict[str, int], unknown_id: int) -> list[int]:
    """Return the id of each word; a word that is not in the vocabulary gets unknown_id."""
    # TODO bug.zero: the function as it should be
    return FIXME("bug.zero")


def bug_in_find_ids() -> int:
    """Return the number of the wrong line."""
    # TODO bug.zero: its number
    return FIXME("bug.zero")


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def join_pieces(pieces):
#   2       words = []
#   3       for piece in pieces:
#   4           if piece.startswith("##") and words:
#   5               words.append(piece.removeprefix("##"))
#   6           else:
#   7               words.append(piece)
#   8       return " ".join(words)


def join_pieces(pieces: Sequence[str]) -> str:
    """Return the words that pieces spell, with a space between words; a first piece stays as it is."""
    # TODO bug.pieces: the function as it should be
    return FIXME("bug.pieces")


def bug_in_join_pieces() -> int:
    """Return the number of the wrong line."""
    # TODO bug.pieces: its number
    return FIXME("bug.pieces")
