"""The functions of the kit reused: cells, packed batches, one search for both, small helpers in place of loops."""

import math
from collections import Counter, defaultdict
from functools import partial, reduce
from heapq import nlargest
from operator import itemgetter
from typing import NamedTuple

import torch
import torch.nn as nn
import torch.nn.functional as F


class Vocab:
    def __init__(self, sentences, min_count: int = 1):
        counts = defaultdict(int)
        for sentence in sentences:
            for word in sentence.split():
                counts[word] += 1
        by_count = defaultdict(list)
        for word, count in counts.items():
            by_count[count].append(word)
        self.itos = list(SPECIALS)
        for count in sorted(by_count, reverse=True):
            if count >= min_count:
                self.itos.extend(sorted(by_count[count]))
        self.stoi = dict(zip(self.itos, range(len(self.itos))))

    def __len__(self):
        return len(self.itos)

    def encode(self, sentence):
        return [self.stoi[word] if word in self.stoi else UNK for word in sentence.split()]

    def decode(self, ids):
        ids = ids.tolist() if isinstance(ids, torch.Tensor) else list(ids)
        if EOS in ids:
            ids = ids[: ids.index(EOS)]
        return " ".join(self.itos[i] for i in ids if i not in (PAD, SOS, UNK))


def right_pad(rows):
    width = max(map(len, rows))
    return torch.tensor([row + [PAD] * (width - len(row)) for row in rows], dtype=torch.int64)


def make_batch(pairs, source_vocab, target_vocab):
    sources = [source_vocab.encode(pair[0]) for pair in pairs]
    targets = [target_vocab.encode(pair[1]) for pair in pairs]
    tgt_in = right_pad([[SOS] + row for row in targets])
    ends = torch.full((len(pairs), 1), PAD)
    tgt_out = torch.hstack([tgt_in[:, 1:], ends])
    tgt_out[torch.arange(len(pairs)), torch.tensor(list(map(len, targets)))] = EOS
    src = right_pad(sources)
    return Batch(src=src, src_lengths=(src != PAD).sum(dim=1), tgt_in=tgt_in, tgt_out=tgt_out)


def masked_loss(logits, targets, pad_id):
    keep = (targets != pad_id).to(logits.dtype)
    count = keep.sum()
    if count.item() == 0:
        raise ValueError(f"every target is {pad_id}, the padding")
    each = F.cross_entropy(logits.permute(0, 2, 1), targets, reduction="none")
    return (each * keep).sum() / count


class Encoder(nn.Module):
    """Two runs of the one GRU's cells: forwards, and backwards over the reversed sentences."""

    def __init__(self, vocab_size, embedding_dim, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.gru = nn.GRU(embedding_dim, hidden_size, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * hidden_size, hidden_size)

    def cell(self, x, h, suffix):
        get = partial(getattr, self.gru)
        gi = F.linear(x, get(f"weight_ih_l0{suffix}"), get(f"bias_ih_l0{suffix}"))
        gh = F.linear(h, get(f"weight_hh_l0{suffix}"), get(f"bias_hh_l0{suffix}"))
        (ir, iz, inn), (hr, hz, hn) = gi.chunk(3, -1), gh.chunk(3, -1)
        z = torch.sigmoid(iz + hz)
        return (1 - z) * torch.tanh(inn + torch.sigmoid(ir + hr) * hn) + z * h

    def run(self, x, real, steps, suffix):
        h = x.new_zeros(x.size(0), self.gru.hidden_size)
        outputs = {}
        for t in steps:
            here = real[:, t : t + 1]
            h = torch.where(here, self.cell(x[:, t], h, suffix), h)
            outputs[t] = h * here
        return torch.stack([outputs[t] for t in sorted(outputs)], dim=1), h

    def forward(self, src, src_lengths):
        real, x = make_mask(src, src_lengths), self.embedding(src)
        ahead, last = self.run(x, real, range(src.size(1)), "")
        behind, first = self.run(x, real, reversed(range(src.size(1))), "_reverse")
        return torch.cat([ahead, behind], -1), torch.tanh(self.bridge(torch.cat([last, first], -1))).unsqueeze(0)


class AdditiveAttention(nn.Module):
    def __init__(self, query_size, key_size, hidden_size):
        super().__init__()
        self.Wq = nn.Linear(query_size, hidden_size)
        self.Wk = nn.Linear(key_size, hidden_size)
        self.v = nn.Linear(hidden_size, 1)

    def forward(self, query, keys, mask):
        bias = torch.zeros_like(mask, dtype=keys.dtype).masked_fill(mask.logical_not(), -1e30)
        scores = self.v((self.Wq(query)[:, None, :] + self.Wk(keys)).tanh())[..., 0] + bias
        shifted = (scores - scores.max(dim=1, keepdim=True).values).exp() * mask
        weights = shifted / shifted.sum(dim=1, keepdim=True)
        return (weights[..., None] * keys).sum(dim=1), weights


class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, key_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.attention = AdditiveAttention(hidden_size, key_size, hidden_size)
        self.gru = nn.GRU(embedding_dim + key_size, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, vocab_size)

    def step(self, word, keys, state, mask):
        context, weights = self.attention(state[-1], keys, mask)
        x = torch.cat((self.embedding(word), context), dim=1)
        output, state = self.gru(x.unsqueeze(1), state)
        return self.out(output.squeeze(1)), weights, state

    def forward(self, tgt_in, keys, state, mask):
        steps = []
        for word in tgt_in.T:
            logits, weights, state = self.step(word, keys, state, mask)
            steps.append((logits, weights))
        logits, weights = zip(*steps)
        return torch.stack(logits).transpose(0, 1), torch.stack(weights).transpose(0, 1)


def train_epoch(model, batches, optimizer, max_norm=1.0):
    class Seen(NamedTuple):
        loss: float = 0.0
        words: int = 0

    def learn(seen, batch):
        keys, state = model.encoder(batch.src, batch.src_lengths)
        logits, _ = model.decoder(batch.tgt_in, keys, state, make_mask(batch.src, batch.src_lengths))
        loss = masked_loss(logits, batch.tgt_out, PAD)
        optimizer.zero_grad(set_to_none=False)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(model.parameters()), max_norm=max_norm, norm_type=2.0)
        optimizer.step()
        words = torch.count_nonzero(batch.tgt_out).item()
        return Seen(seen.loss + loss.item() * words, seen.words + words)

    model.train()
    seen = reduce(learn, batches, Seen())
    return seen.loss / seen.words


def translate(model, src, src_lengths, max_len=20):
    """Rows that have ended are taken out of the batch."""
    with torch.no_grad():
        keys, state = model.encoder(src, src_lengths)
        mask = make_mask(src, src_lengths)
        ids = [[] for _ in src]
        open_rows = list(range(len(ids)))
        for _ in range(max_len):
            if not open_rows:
                break
            rows = torch.tensor(open_rows, device=src.device)
            read = torch.tensor([[SOS, *ids[row]] for row in open_rows], device=src.device)
            logits = model.decoder(read, keys[rows], state[:, rows].contiguous(), mask[rows])[0]
            words = logits[:, -1, :].max(dim=-1).indices.tolist()
            for row, word in zip(open_rows, words):
                if word != EOS:
                    ids[row].append(word)
            open_rows = [row for row, word in zip(open_rows, words) if word != EOS]
        return ids


class Hypothesis(NamedTuple):
    score: float
    ids: list
    total: float
    ended: bool


def beam_search(model, src, width, max_len=20, length_penalty=0.0):
    source = src.reshape(1, -1)
    with torch.no_grad():
        keys, state = model.encoder(source, torch.tensor([source.shape[1]]))
        mask = torch.ones_like(source, dtype=torch.bool)

        def extend(hypothesis):
            if hypothesis.ended:
                return [hypothesis]
            read = torch.tensor([[SOS] + hypothesis.ids], device=src.device)
            gains = F.log_softmax(model.decoder(read, keys, state, mask)[0][0, -1], dim=-1)
            divisor = (len(hypothesis.ids) + 1) ** length_penalty
            longer = []
            for word, gain in enumerate(gains.tolist()):
                total = hypothesis.total + gain
                ids = hypothesis.ids if word == EOS else hypothesis.ids + [word]
                longer.append(Hypothesis(total / divisor, ids, total, word == EOS))
            return longer

        beam = [Hypothesis(0.0, [], 0.0, False)]
        steps = 0
        while steps < max_len and not all(hypothesis.ended for hypothesis in beam):
            beam = nlargest(width, (new for old in beam for new in extend(old)), key=itemgetter(0))
            steps += 1
    return [(hypothesis.score, hypothesis.ids) for hypothesis in beam]


def corpus_bleu(candidates, references, max_n=4):
    found, wanted, matches, totals = 0, 0, Counter(), Counter()
    for candidate, reference in zip(candidates, references):
        a = candidate.split() if type(candidate) is str else candidate
        b = reference.split() if type(reference) is str else reference
        found, wanted = found + len(a), wanted + len(b)
        for n in range(1, max_n + 1):
            ours = Counter(tuple(a[i : i + n]) for i in range(len(a) - n + 1))
            theirs = Counter(tuple(b[i : i + n]) for i in range(len(b) - n + 1))
            matches[n] += sum(min(count, theirs[gram]) for gram, count in ours.items())
            totals[n] += sum(ours.values())
    if any(matches[n] == 0 for n in range(1, max_n + 1)):
        return 0.0
    mean = math.prod(matches[n] / totals[n] for n in range(1, max_n + 1)) ** (1 / max_n)
    return mean * (math.exp(1 - wanted / found) if found < wanted else 1.0)
