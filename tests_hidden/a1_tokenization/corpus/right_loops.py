"""Everything spelt out: loops, indices and plain conditions."""

import torch
from tokenizers import BertWordPieceTokenizer


class SimpleTokenizer:
    def __init__(self):
        self.vocab = {"<PAD>": 0, "<UNK>": 1}
        self.inv_vocab = {0: "<PAD>", 1: "<UNK>"}

    def normalize_and_split(self, text):
        words, word = [], ""
        for char in text.lower() + " ":
            if char.isalnum() or char == "_":
                word += char
            elif word:
                words.append(word)
                word = ""
        return words

    def build_vocab(self, corpus):
        next_id = max(self.vocab.values()) + 1
        for line in corpus:
            for token in self.normalize_and_split(line):
                if token in self.vocab:
                    continue
                self.vocab[token] = next_id
                self.inv_vocab[next_id] = token
                next_id += 1

    def encode(self, text):
        result = []
        for token in self.normalize_and_split(text):
            if token in self.vocab:
                result.append(self.vocab[token])
            else:
                result.append(self.vocab["<UNK>"])
        return result

    def decode(self, ids):
        result = []
        for i in ids:
            try:
                result.append(self.inv_vocab[i])
            except KeyError:
                result.append("<UNK>")
        return result

    def pad(self, ids, max_len):
        padded = []
        for position in range(max_len):
            padded.append(ids[position] if position < len(ids) else 0)
        return padded

    def __call__(self, text, max_len=None):
        ids = self.encode(text)
        if max_len is not None:
            ids = self.pad(ids, max_len)
        return ids


def train_wordpiece(files, vocab_size=30000, min_frequency=2, limit_alphabet=6000):
    if isinstance(files, str):
        files = [files]
    wordpiece = BertWordPieceTokenizer(lowercase=False, strip_accents=False)
    wordpiece.train(list(files), vocab_size, min_frequency, limit_alphabet)
    return wordpiece


def encode_sentence(tokenizer, text):
    output = tokenizer.encode(text)
    tokens = [tokenizer.id_to_token(i) for i in output.ids]
    return tokens, output.ids, tokenizer.decode(output.ids)


def lookup(embedding, ids):
    rows = []
    for i in ids:
        rows.append(embedding(torch.tensor(i, device=embedding.weight.device)))
    return torch.stack(rows)


def one_hot_lookup(weight, ids):
    one_hot = torch.zeros(len(ids), weight.size(0), device=weight.device, dtype=weight.dtype)
    for position, i in enumerate(ids):
        one_hot[position, i] = 1.0
    return torch.matmul(one_hot, weight)


def analogy(vectors, vocab, a, b, c):
    target = vectors[vocab[a]] - vectors[vocab[b]] + vectors[vocab[c]]
    best_word, best = None, -2.0
    for word, row in vocab.items():
        if word == a or word == b or word == c:
            continue
        length = float(vectors[row].norm())
        if length == 0:
            continue
        cosine = float(torch.dot(vectors[row], target)) / (length * float(target.norm()))
        if cosine > best:
            best_word, best = word, cosine
    return best_word


def pad_batch(sequences, pad_id):
    if not sequences:
        raise ValueError("cannot pad an empty batch")
    longest = 0
    for sequence in sequences:
        longest = max(longest, len(sequence))
    batch = torch.zeros(len(sequences), longest).long() + pad_id
    lengths = torch.zeros(len(sequences)).long()
    for i, sequence in enumerate(sequences):
        for j, item in enumerate(sequence):
            batch[i, j] = item
        lengths[i] = len(sequence)
    return batch, lengths
