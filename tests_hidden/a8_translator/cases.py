"""Inputs, weights and readings that several test files of this assignment share."""

from __future__ import annotations

import copy
import itertools
import math
from collections import Counter
from dataclasses import dataclass, replace

import standins
import torch
from torch import Tensor, nn

from grader.examiner import as_ids, fill_weights, is_clear, load_weights

PAD, SOS, EOS, UNK = 0, 1, 2, 3
NO_GRADIENT = "the result carries no gradient: was something detached, or computed under no_grad?"
SOURCE_SIZE = 13
WIDTH = 6


def measure_distance(actual: Tensor, expected: Tensor) -> float:
    """How far apart two tensors are at most; infinite where they are not of one form."""
    if not isinstance(actual, Tensor) or actual.shape != expected.shape:
        return float("inf")
    return float((actual.detach().cpu() - expected.detach().cpu()).abs().nan_to_num(torch.inf).max())


# Sentences and batches


def draw_words(draw, count: int) -> list[str]:
    """So many different words, in both scripts."""
    words: list[str] = []
    while len(words) < count:
        word = draw.choice([draw.word, draw.hangul])()
        words += [word] if word not in words else []
    return words


def draw_sentences(draw, words: list[str], count: int, *, longest: int = 6) -> list[str]:
    """Sentences of these words, the first of which come most often."""
    return [
        " ".join(words[min(draw.integer(0, len(words) - 1), draw.integer(0, len(words) - 1))] for _ in range(size))
        for size in (draw.integer(1, longest) for _ in range(count))
    ]


@dataclass(frozen=True)
class Corpus:
    """Pairs of sentences, and the words of either side."""

    pairs: list[tuple[str, str]]
    source_words: list[str]
    target_words: list[str]


def draw_corpus(draw, count: int = 4) -> Corpus:
    """Pairs whose lengths differ, the longest not first; a few words are unknown."""
    source, target = draw_words(draw, 7), draw_words(draw, 8)
    sizes = draw.shuffled([(2, 5), (4, 1), (6, 3), (3, 4), (1, 2)])[:count]
    pairs = [
        (
            " ".join([draw.choice(source) for _ in range(long - 1)] + [draw.choice([*source, "낯선"])]),
            " ".join([draw.choice(target) for _ in range(short - 1)] + [draw.choice([*target, "strange"])]),
        )
        for long, short in sizes
    ]
    return Corpus(pairs, source, target)


def make_parts(student, corpus: Corpus) -> list[Tensor]:
    """The submission's batch of a corpus: src, src_lengths, tgt_in, tgt_out."""
    words = student.define(standins.Words)
    read = student.define(standins.read_batch)
    # As lists: what travels into the jail and back keeps its type.
    return read(student.make_batch, corpus.pairs, words(corpus.source_words), words(corpus.target_words))


def make_right_parts(reference, corpus: Corpus) -> list[Tensor]:
    """The reference's batch of a corpus."""
    vocabs = standins.Words(corpus.source_words), standins.Words(corpus.target_words)
    return standins.read_batch(reference.make_batch, corpus.pairs, *vocabs)


# Layers


@dataclass(frozen=True)
class Source:
    """A padded source: src [B,S] and src_lengths [B]."""

    src: Tensor
    lengths: Tensor

    @property
    def mask(self) -> Tensor:
        """True where there is a word."""
        return torch.arange(self.src.shape[1]) < self.lengths.unsqueeze(1)


def draw_source(draw, vocab_size: int, lengths: list[int], longest: int) -> Source:
    """A source whose padding holds pad ids."""
    source = Source(draw.ids(vocab_size, len(lengths), longest, low=4), torch.tensor(lengths))
    source.src[~source.mask] = PAD
    return source


def draw_encoder(reference, draw):
    """A reference encoder with drawn weights, and its sizes V, E, H."""
    sizes = draw.sizes(3, low=5, high=11)
    return fill_weights(reference.Encoder(*sizes), draw, scale=0.6), sizes


def send_module(student, name: str, ours: nn.Module, sizes):
    """The submission's module of that name with our weights."""
    theirs = getattr(student, name)(*sizes)
    load_weights(theirs, ours)
    return theirs


@dataclass(frozen=True)
class Looking:
    """What additive attention is given."""

    query: Tensor
    keys: Tensor
    mask: Tensor


def draw_attention(reference, draw, *, batch: int = 3, steps: int | None = None):
    """Reference attention with drawn weights, its sizes Q, K, hidden, and inputs; padding differs from row to row."""
    sizes = draw.sizes(3, low=4, high=9)
    ours = fill_weights(reference.AdditiveAttention(*sizes), draw, scale=0.7)
    steps = steps or draw.choice([size for size in (10, 11, 12) if size not in sizes])
    return ours, sizes, draw_looking(draw, sizes, batch, steps)


def draw_looking(draw, sizes, batch: int, steps: int) -> Looking:
    """Queries, keys and masks for attention of these sizes Q, K, hidden; padding differs from row to row."""
    mask = draw_mask(draw, batch, steps)
    return Looking(draw.tensor(batch, sizes[0]), draw.tensor(batch, steps, sizes[1]), mask)


def draw_mask(draw, batch: int, steps: int) -> Tensor:
    """Which of these steps hold a word: all of the first row, fewer of the others where there are fewer."""
    lengths = torch.tensor([steps, *(draw.integer(min(2, steps), max(1, steps - 1)) for _ in range(batch - 1))])
    return torch.arange(steps) < lengths.unsqueeze(1)


@torch.no_grad()
def attention_mistakes(ours: nn.Module, case: Looking) -> dict[str, tuple[Tensor, Tensor]]:
    """Context and weights after a known mistake."""
    mixed = ours.Wq(case.query).unsqueeze(1) + ours.Wk(case.keys)
    scores = ours.v(mixed.tanh()).squeeze(-1)

    def finish(weights: Tensor) -> tuple[Tensor, Tensor]:
        return (weights.unsqueeze(-1) * case.keys).sum(1), weights

    return {
        "the mask is not used: padding gets a share": finish(scores.softmax(-1)),
        "the mask comes after the softmax: the weights no longer sum to 1": finish(scores.softmax(-1) * case.mask),
        "the mask is the other way round: True may be looked at": finish(
            scores.masked_fill(case.mask, -1e9).softmax(-1)
        ),
        "the tanh is missing": finish(ours.v(mixed).squeeze(-1).masked_fill(~case.mask, float("-inf")).softmax(-1)),
    }


def make_decoder(student, reference, draw, monkeypatch):
    """The decoder on either side around a stand-in for its attention: ours, theirs, sizes V, E, H, K."""
    sizes = draw.sizes(4, low=4, high=10)
    monkeypatch.setattr(reference, "AdditiveAttention", standins.FarAttention)
    ours = fill_weights(reference.Decoder(*sizes), draw, scale=0.7)
    student.replace(AdditiveAttention=student.define(standins.FarAttention))
    return ours, send_module(student, "Decoder", ours, sizes), sizes


def draw_decoding(draw, sizes, *, batch: int = 3, steps: int = 5, seen: int = 11) -> tuple[Tensor, ...]:
    """tgt_in [B,T], keys [B,S,K], state [1,B,H] and mask [B,S]."""
    vocab_size, _, hidden, key_size = sizes
    mask = draw_mask(draw, batch, seen)
    return (
        draw.ids(vocab_size, batch, steps),
        draw.tensor(batch, seen, key_size),
        draw.tensor(1, batch, hidden),
        mask,
    )


# Training and searching


def draw_pair(draw, vocab_size: int) -> nn.Module:
    """A canned translator with drawn weights."""
    ours = fill_weights(standins.Canned(max(vocab_size, SOURCE_SIZE), WIDTH), draw, scale=0.8)
    with torch.no_grad():
        ours.decoder.out.weight.mul_(2)
    return ours


def send_pair(student, ours: nn.Module):
    """The canned translator in the jail, with our weights."""
    vocab_size, hidden = ours.decoder.table.weight.shape
    theirs = student.define(standins.Canned)(vocab_size, hidden)
    theirs.load_state_dict(ours.state_dict())
    return theirs


@dataclass(frozen=True)
class Lesson:
    """Batches, as their parts, and the translator that learns from them on either side."""

    ours: nn.Module
    theirs: object
    parts: list[tuple[Tensor, ...]]


def make_lesson(student, draw, *, count: int = 3) -> Lesson:
    """A canned translator with the same weights on both sides, and batches of different lengths."""
    student.replace(masked_loss=standins.loss_of_real)
    ours = draw_pair(draw, SOURCE_SIZE)
    parts = []
    for number in range(count):
        source = draw_source(draw, SOURCE_SIZE, draw.shuffled([2, 4, 3]), 5)
        sizes, longest = draw.shuffled([1, 3, 2 + number]), 4 + number
        target = draw.ids(SOURCE_SIZE, 3, longest, low=3)
        real = torch.arange(longest) < torch.tensor(sizes).unsqueeze(1)
        tgt_out = target.where(real, PAD)
        tgt_in = torch.cat([torch.full((3, 1), SOS), tgt_out[:, :-1]], dim=1)
        parts.append((source.src, source.lengths, tgt_in, tgt_out))
    return Lesson(ours, send_pair(student, ours), parts)


def learn(student, lesson: Lesson, lr: float, *options, parts=None, as_stream: bool = False) -> float:
    """The loss of the submission's epoch."""
    make = student.define(standins.stream_batches if as_stream else standins.make_batches)
    batches = make(lesson.parts if parts is None else parts)
    optimizer = student.define(standins.make_sgd)(lesson.theirs, lr)
    return float(student.train_epoch(lesson.theirs, batches, optimizer, *options))


def learn_ours(reference, lesson: Lesson, lr: float, *options) -> tuple[float, dict[str, Tensor]]:
    """The loss and the weights of the reference's epoch; the lesson's own model stays as it is."""
    pupil = copy.deepcopy(lesson.ours)
    batches = standins.make_batches(lesson.parts)
    loss = reference.train_epoch(pupil, batches, standins.make_sgd(pupil, lr), *options)
    return loss, pupil.state_dict()


@dataclass(frozen=True)
class Reading:
    """A canned translator, a source, and what it writes for each row: greedily, until <eos> or max_len."""

    ours: nn.Module
    source: Source
    rows: list[list[int]]
    max_len: int


@torch.no_grad()
def read_greedily(ours: nn.Module, source: Source, row: int, max_len: int) -> list[int] | None:
    """What greedy search writes for one sentence alone, without <eos>; None where a choice is not safe."""
    length = int(source.lengths[row])
    keys, state = ours.encoder(source.src[row : row + 1, :length], source.lengths[row : row + 1])
    mask = torch.ones(1, length, dtype=torch.bool)
    ids: list[int] = []
    while len(ids) < max_len:
        last = ours.decoder(torch.tensor([[SOS, *ids]]), keys, state, mask)[0][:, -1]
        if not is_clear(last):
            return None
        if int(last.argmax()) == EOS:
            return ids
        ids.append(int(last.argmax()))
    return ids


def draw_reading(draw, is_telling, *, max_len: int = 8) -> Reading:
    """A case whose rows end at different steps, and in which every choice leads clearly."""
    for _ in range(400):
        ours = draw_pair(draw, SOURCE_SIZE).eval()
        with torch.no_grad():
            ours.decoder.out.bias[EOS] += 1.5
        source = draw_source(draw, SOURCE_SIZE, draw.shuffled([2, 5, 3, 4]), 6)
        rows = []
        for row in range(4):
            rows.append(read_greedily(ours, source, row, max_len))
            if rows[-1] is None:
                break
        if rows[-1] is not None and is_telling(rows):
            return Reading(ours, source, rows, max_len)
    raise RuntimeError("no telling case in 400 draws")


def reorder(reading: Reading, order: list[int]) -> Reading:
    """The same case with these of its rows, in this order."""
    source = Source(reading.source.src[order], reading.source.lengths[order])
    return replace(reading, source=source, rows=[reading.rows[row] for row in order])


def write_rows(student, reading: Reading, **options) -> list[list[int]]:
    """What the submission writes for a case, as lists of ints."""
    theirs = send_pair(student, reading.ours)
    theirs.eval()
    found = student.translate(theirs, reading.source.src, reading.source.lengths, **options)
    assert isinstance(found, (list, tuple)), "expected a list with a list of ids for each row"
    return [as_ids(row, only_lists=True) for row in found]


# Beams


def make_tree(steps: dict[int, dict[int, dict[int, float]]], size: int) -> Tensor:
    """A table [places, last word, next word] of logits; what is not named is all but impossible.

    The rows do not add up to 1: logits are no log-probabilities yet.
    """
    table = torch.full((max(steps) + 1, size, size), -30.0)
    for place, rows in steps.items():
        for last, nexts in rows.items():
            for word, probability in nexts.items():
                table[place, last, word] = math.log(probability)
    return table + torch.arange(size).unsqueeze(1) / 2


def send_tree(student, table: Tensor):
    """A canned translator whose decoder reads this table."""
    return student.define(standins.Canned)(SOURCE_SIZE, WIDTH, table)


def read_beam(found) -> list[tuple[float, list[int]]]:
    """Pairs of score and ids; anything else fails the test."""
    assert isinstance(found, (list, tuple)), "expected a list of pairs (score, ids)"
    assert all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in found), "expected pairs (score, ids)"
    return [(float(score), as_ids(ids, only_lists=True)) for score, ids in found]


@torch.no_grad()
def search_all(ours: nn.Module, src: Tensor, max_len: int, length_penalty: float) -> list[tuple[float, list[int]]]:
    """Every sentence of up to max_len words with its score, best first: what a beam of any width keeps."""
    keys, state = ours.encoder(src[None], torch.tensor([len(src)]))
    mask = torch.ones(1, len(src), dtype=torch.bool)
    size = ours.decoder.out.out_features
    found, open_ones = [], [(0.0, [])]
    for length in range(1, max_len + 1):
        grown = []
        for total, ids in open_ones:
            chances = ours.decoder(torch.tensor([[SOS, *ids]]), keys, state, mask)[0][0, -1].log_softmax(-1)
            for word in range(size):
                entry = (total + float(chances[word]), [*ids, word])
                if word == EOS or length == max_len:
                    found.append((entry[0] / length**length_penalty, [w for w in entry[1] if w != EOS]))
                else:
                    grown.append(entry)
        open_ones = grown
    return sorted(found, key=lambda pair: -pair[0])


# BLEU


def draw_translations(draw, *, changes: int = 1) -> tuple[list[list[str]], list[list[str]]]:
    """Candidates and references of few words, so that they share n-grams of every length."""
    words = draw_words(draw, 5)
    references = [[draw.choice(words) for _ in range(draw.integer(6, 10))] for _ in range(6)]
    candidates = []
    for reference in references:
        candidate = list(reference)
        for _ in range(changes):
            candidate[draw.integer(0, len(candidate) - 1)] = draw.choice(words)
        candidates.append(candidate[: len(candidate) - draw.integer(0, 2)] + [draw.choice(words)] * draw.integer(0, 1))
    return candidates, references


def bleu_mistakes(candidates, references) -> dict[str, float]:
    """What BLEU becomes after a known mistake."""
    precisions, plain, unions = [], [], []
    for n in range(1, 5):
        pairs = [
            tuple(
                Counter(itertools.pairwise(s) if n == 2 else zip(*(s[i:] for i in range(n)), strict=False))
                for s in pair
            )
            for pair in zip(candidates, references, strict=True)
        ]
        total = sum(ours.total() for ours, _ in pairs)
        precisions.append(sum((ours & theirs).total() for ours, theirs in pairs) / total)
        plain.append(sum(count for ours, theirs in pairs for gram, count in ours.items() if gram in theirs) / total)
        unions.append(sum((ours & theirs).total() / max(1, ours.total()) for ours, theirs in pairs) / len(pairs))
    c, r = (sum(map(len, side)) for side in (candidates, references))
    brevity = math.exp(min(0.0, 1 - r / c))
    return {
        "n-grams are met only as often as the reference has them": brevity * math.prod(plain) ** 0.25,
        "the four precisions are multiplied and the fourth root taken; this is their mean": brevity
        * sum(precisions)
        / 4,
        "the penalty for brevity is missing": math.prod(precisions) ** 0.25,
        "counts are added up over the corpus before they are divided": brevity * math.prod(unions) ** 0.25,
        "the score goes from 0 to 1, not to 100": 100 * brevity * math.prod(precisions) ** 0.25,
    }


# Find the bug


def draw_words_outputs(draw, *, rows: int = 4) -> tuple[Tensor, Tensor]:
    """Outputs [B,S,H] of sentences that differ in length, and their lengths; what stands at padding is not zero."""
    steps, width = draw.sizes(2, low=6, high=10)
    return draw.tensor(rows, steps, width), torch.tensor(draw.shuffled(list(range(1, steps + 1)))[:rows])


def draw_gru(student, draw, width: int, size: int):
    """A GRU on both sides with the same weights."""
    ours = fill_weights(nn.GRU(width, size, batch_first=True), draw)
    theirs = student.define(standins.make_gru)(width, size)
    load_weights(theirs, ours)
    return ours, theirs


def draw_sorting(student, draw, *, rows: int = 5):
    """A GRU on both sides, inputs [B,S,E], and lengths whose order is not its own way back."""
    width, size, steps = draw.sizes(3, low=3, high=9)
    ours, theirs = draw_gru(student, draw, width, size)
    while True:
        lengths = torch.tensor([draw.integer(1, steps) for _ in range(rows - 1)] + [steps])
        order = lengths.argsort(descending=True)
        if len(set(lengths.tolist())) > 2 and not torch.equal(lengths[order][order], lengths):
            return ours, theirs, draw.tensor(rows, steps, width), lengths


@torch.no_grad()
def run_each(gru: nn.GRU, embedded: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Each sentence alone: outputs, zero at padding, and last states."""
    outputs = torch.zeros(*embedded.shape[:2], gru.hidden_size)
    states = torch.zeros(1, len(embedded), gru.hidden_size)
    for row, length in enumerate(lengths.tolist()):
        alone, state = gru(embedded[row : row + 1, :length])
        outputs[row, :length], states[:, row] = alone[0], state[:, 0]
    return outputs, states
