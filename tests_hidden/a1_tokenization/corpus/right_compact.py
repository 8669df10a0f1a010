"""Short expressions, other containers: tuples, setdefault, sorting, a table of distances."""

import re
from collections import OrderedDict

import torch
from tokenizers import BertWordPieceTokenizer
from tokenizers.implementations import BaseTokenizer
from torch import nn


class SimpleTokenizer:
    specials = ("<PAD>", "<UNK>")

    def __init__(self):
        self.vocab = OrderedDict((word, i) for i, word in enumerate(self.specials))
        self.inv_vocab = {i: word for word, i in self.vocab.items()}

    @staticmethod
    def normalize_and_split(text):
        return tuple(re.sub(r"[^\w]+", " ", text.lower()).split())

    def build_vocab(self, corpus):
        for text in corpus:
            [self.vocab.setdefault(word, len(self.vocab)) for word in self.normalize_and_split(text)]
        self.inv_vocab.update({i: word for word, i in self.vocab.items()})
        return self

    def encode(self, text):
        return list(map(lambda word: self.vocab.get(word, self.vocab["<UNK>"]), self.normalize_and_split(text)))

    def decode(self, ids):
        return tuple(self.inv_vocab[i] if i in self.inv_vocab else self.specials[1] for i in ids)

    def pad(self, ids, max_len):
        return (list(ids) + [0] * max_len)[:max_len]

    def __call__(self, text, max_len=None):
        return self.encode(text) if max_len is None else self.pad(self.encode(text), max_len=max_len)


class CasedWordPiece(BertWordPieceTokenizer):
    def __init__(self):
        super().__init__(lowercase=False, strip_accents=False)


def train_wordpiece(files, vocab_size=30000, min_frequency=2, limit_alphabet=6000):
    paths = files if isinstance(files, list) else [files]
    lines = (line for path in paths for line in open(path, encoding="utf-8"))
    trained = CasedWordPiece()
    trained.train_from_iterator(
        lines, vocab_size=vocab_size, min_frequency=min_frequency, limit_alphabet=limit_alphabet, show_progress=False
    )
    return trained


def encode_sentence(tokenizer: BaseTokenizer, text):
    encoding = tokenizer.encode(text)
    return [encoding.tokens, torch.tensor(encoding.ids), tokenizer.decode(list(encoding.ids))]


def lookup(embedding, ids):
    flat = torch.as_tensor(ids, dtype=torch.long).to(next(embedding.parameters()).device)
    return embedding.forward(flat[None])[0]


def one_hot_lookup(weight, ids):
    index = torch.tensor(ids, device=weight.device).unsqueeze(1)
    one_hot = (index == torch.arange(weight.shape[0], device=weight.device)).type_as(weight)
    return nn.functional.linear(one_hot, weight.t())


def analogy(vectors, vocab, a, b, c):
    target = vectors[vocab[a]] - (vectors[vocab[b]] - vectors[vocab[c]])
    length = vectors.pow(2).sum(1).sqrt()
    cosine = vectors.matmul(target) / length / target.norm()
    ranked = sorted(vocab, key=lambda word: cosine[vocab[word]].item() if length[vocab[word]] > 0 else -9.0)
    return [word for word in ranked if word not in {a, b, c}][-1]


def pad_batch(sequences, pad_id):
    lengths = list(map(len, sequences))
    if lengths == []:
        raise ValueError("빈 배치입니다")
    rows = [[*sequence, *[pad_id] * (max(lengths) - len(sequence))] for sequence in sequences]
    return [torch.tensor(rows, dtype=torch.int64), torch.tensor(lengths)]
