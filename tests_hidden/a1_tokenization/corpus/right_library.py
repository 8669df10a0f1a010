"""As much as possible left to the standard library and to torch."""

import itertools
import re

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

WORD = re.compile(r"\w+", re.UNICODE)


class SimpleTokenizer:
    def __init__(self):
        self.vocab = {}
        self.inv_vocab = []

    def normalize_and_split(self, text):
        return [match.group() for match in WORD.finditer(text.lower())]

    def build_vocab(self, corpus):
        tokens = itertools.chain.from_iterable(map(self.normalize_and_split, corpus))
        ordered = dict.fromkeys(itertools.chain(["<PAD>", "<UNK>"], self.inv_vocab, tokens))
        self.inv_vocab = list(ordered)
        self.vocab = dict(zip(self.inv_vocab, itertools.count()))

    def encode(self, text):
        return torch.tensor([self.vocab.get(t, 1) for t in self.normalize_and_split(text)], dtype=torch.long)

    def decode(self, ids):
        return [self.inv_vocab[i] if 0 <= i < len(self.inv_vocab) else "<UNK>" for i in ids]

    def pad(self, ids, max_len):
        return list(itertools.islice(itertools.chain(ids, itertools.repeat(0)), max_len))

    def __call__(self, text, max_len=None):
        ids = list(self.encode(text))
        return torch.tensor(self.pad(ids, len(ids) if max_len is None else max_len), dtype=torch.long)


def train_wordpiece(files, vocab_size=30000, min_frequency=2, limit_alphabet=6000):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        limit_alphabet=limit_alphabet,
        special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
    )
    tokenizer.train([files] if isinstance(files, str) else files, trainer)
    return tokenizer


def encode_sentence(tokenizer, text):
    [encoding] = tokenizer.encode_batch([text])
    [decoded] = tokenizer.decode_batch([encoding.ids], skip_special_tokens=False)
    return list(encoding.tokens), list(encoding.ids), decoded


def lookup(embedding, ids):
    index = torch.LongTensor(ids).to(embedding.weight.device)
    return F.embedding(index, embedding.weight, padding_idx=embedding.padding_idx)


def one_hot_lookup(weight, ids):
    return torch.einsum("sv,ve->se", torch.eye(len(weight), dtype=weight.dtype)[ids].to(weight.device), weight)


def analogy(vectors, vocab, a, b, c):
    query = F.normalize((vectors[vocab[a]] - vectors[vocab[b]] + vectors[vocab[c]]).unsqueeze(0))
    similarity = (F.normalize(vectors) @ query.T).flatten()
    similarity[(vectors == 0).all(dim=1)] = -float("inf")
    similarity[[vocab[a], vocab[b], vocab[c]]] = -float("inf")
    words = {row: word for word, row in vocab.items()}
    return words[similarity.argmax().item()]


def pad_batch(sequences, pad_id):
    rows = [torch.tensor(sequence, dtype=torch.long) for sequence in sequences]
    if not rows:
        raise ValueError("empty batch")
    return pad_sequence(rows, batch_first=True, padding_value=pad_id), torch.LongTensor([len(row) for row in rows])
