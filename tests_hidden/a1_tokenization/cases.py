"""Inputs and readings that several test files of this assignment share."""

from __future__ import annotations

import functools

import standins
import torch
from torch import Tensor, nn

from grader.examiner import as_ids

SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SPECIAL_WORDS = ["<PAD>", "<UNK>"]
# Two similarities closer than this could change places by rounding alone: such a case is not asked.
SAFE_MARGIN = 1e-3

as_id_list = functools.partial(as_ids, only_lists=True)


def as_words(words) -> list[str]:
    """A list of words, and nothing else."""
    assert isinstance(words, (list, tuple)), "expected a list of words"
    assert all(isinstance(word, str) for word in words), "expected every item of the list to be a string"
    return list(words)


def draw_words(draw, count: int) -> list[str]:
    """So many different words, in both scripts."""
    words: list[str] = []
    while len(words) < count:
        word = draw.choice([draw.word, draw.hangul])()
        words += [word] if word not in words else []
    return words


def make_tokenizer(student, words, *, encodes=False):
    """The submission's SimpleTokenizer with a known vocabulary and canned neighbours."""
    tokenizer = student.SimpleTokenizer()
    student.define(standins.prepare)(tokenizer, words, encodes)
    return tokenizer


def build_vocab(student, *corpora):
    """The submission's SimpleTokenizer after a call of build_vocab for each corpus."""
    tokenizer = student.SimpleTokenizer()
    student.define(standins.split_at_spaces)(tokenizer)
    for corpus in corpora:
        tokenizer.build_vocab(corpus)
    return tokenizer


def number(words) -> dict[str, int]:
    """The vocabulary that these words should get."""
    return {word: index for index, word in enumerate(dict.fromkeys([*SPECIAL_WORDS, *words]))}


def train(student, *texts, **options):
    """The submission's tokenizer, trained on a file for each list of lines."""
    write = student.define(standins.write_corpus)
    paths = [write(lines) for lines in texts]
    return student.train_wordpiece(paths, **options)


def tokens_of(tokenizer, text: str) -> list[str]:
    """The pieces of a text, without the frame of special tokens."""
    tokens = as_words(tokenizer.encode(text).tokens)
    return [token for token in tokens if token not in ("[CLS]", "[SEP]")]


def spell(tokens) -> str:
    """What the pieces spell when they are put together again."""
    return "".join(token.removeprefix("##") for token in tokens)


def draw_pieces(draw) -> tuple[dict[str, int], str]:
    """The vocabulary of a WordPiece tokenizer, and a sentence that meets capitals, `##` pieces and unknown words."""
    stem, ending, other = draw.word(), draw.word(), draw.hangul()
    pieces = [stem, stem.capitalize(), f"##{ending}", other, f"##{draw.hangul()}", "!", "."]
    vocab = {piece: index for index, piece in enumerate(SPECIAL_TOKENS + draw.shuffled(pieces))}
    sentence = f" {stem.capitalize()}{ending}  {other} {stem}! ÉÉ {other}{pieces[4][2:]}."
    return vocab, sentence


def make_tables(student, weight: Tensor, padding_idx: int | None = None):
    """The same embedding on both sides: ours, theirs."""
    ours = nn.Embedding(*weight.shape, padding_idx=padding_idx)
    theirs = student.define(standins.make_table)(*weight.shape, padding_idx)
    for table in (ours, theirs):
        table.load_state_dict({"weight": weight})
    return ours, theirs


def find_margin(vectors: Tensor, vocab: dict[str, int], asked: list[str]) -> float:
    """By how much the best other word is nearer in direction than the second best."""
    a, b, c = (vectors[vocab[word]] for word in asked)
    others = vectors[[row for word, row in vocab.items() if word not in asked]]
    others = others[others.norm(dim=1) > 0]
    best = torch.cosine_similarity(others, (a - b + c).unsqueeze(0), dim=1).topk(2).values
    return float(best[0] - best[1])


def find_best(vectors: Tensor, vocab: dict[str, int], asked: list[str], measure) -> str:
    """The best of the other words by some measure of (rows, target)."""
    a, b, c = (vectors[vocab[word]] for word in asked)
    scores = measure(vectors, a - b + c)
    return max((word for word in vocab if word not in asked), key=lambda word: float(scores[vocab[word]]))


def by_dot(rows: Tensor, target: Tensor) -> Tensor:
    """Nearest by dot product: long vectors win."""
    return rows @ target


def by_distance(rows: Tensor, target: Tensor) -> Tensor:
    """Nearest by distance: length counts, too."""
    return -(rows - target).norm(dim=1)


def draw_analogy(draw, *, edit=lambda vectors, vocab, asked: None, is_telling=lambda *case: True, spread=0.0):
    """Vectors, a vocabulary in an order of its own, and three words: a telling case with a clear answer.

    All vectors have the same length unless there is a `spread`, so that length does not matter by chance.
    """
    width, count = draw.sizes(2, low=5, high=9)
    words = draw_words(draw, count + 4)
    for _ in range(200):
        lengths = (draw.tensor(len(words), 1) * spread).exp()
        vectors = nn.functional.normalize(draw.tensor(len(words), width), dim=1) * lengths
        vocab = dict(draw.shuffled([(word, row) for row, word in enumerate(words)]))
        asked = draw.shuffled(words)[:3]
        edit(vectors, vocab, asked)
        if find_margin(vectors, vocab, asked) > SAFE_MARGIN and is_telling(vectors, vocab, asked):
            return vectors, vocab, asked
    raise RuntimeError("no telling case in 200 draws")
