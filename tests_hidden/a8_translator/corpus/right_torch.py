"""As much as possible left to torch and the standard library; the beam is searched as one batch."""

from collections import Counter
from itertools import chain, takewhile

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence


class Vocab:
    def __init__(self, sentences, min_count=1):
        counts = Counter(chain.from_iterable(map(str.split, sentences)))
        words = sorted((word for word, n in counts.items() if n >= min_count), key=lambda word: (-counts[word], word))
        self.stoi = {word: i for i, word in enumerate(["<pad>", "<sos>", "<eos>", "<unk>", *words])}
        self.itos = {i: word for word, i in self.stoi.items()}

    def __len__(self):
        return len(self.stoi)

    def encode(self, sentence):
        return [self.stoi.get(word, self.stoi["<unk>"]) for word in sentence.split()]

    def decode(self, ids):
        ids = takewhile(lambda i: i != 2, torch.as_tensor(ids).tolist())
        return " ".join(self.itos[i] for i in ids if i > 3)


def make_batch(pairs, source_vocab, target_vocab):
    sources, targets = zip(*pairs)
    src = [torch.tensor(source_vocab.encode(s)) for s in sources]
    full = [torch.tensor([1, *target_vocab.encode(t), 2]) for t in targets]
    padded = pad_sequence(full, batch_first=True)
    return Batch(
        pad_sequence(src, batch_first=True),
        torch.tensor(list(map(len, src))),
        padded[:, :-1].masked_fill(padded[:, :-1] == 2, 0),
        padded[:, 1:],
    )


def masked_loss(logits, targets, pad_id):
    mask = targets.ne(pad_id)
    if not mask.any():
        raise ValueError("only padding")
    return F.nll_loss(logits[mask].log_softmax(-1), targets[mask])


class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.gru = nn.GRU(embedding_dim, hidden_size, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * hidden_size, hidden_size)

    def forward(self, src, src_lengths):
        order = src_lengths.cpu().argsort(descending=True)
        back = order.argsort().to(src.device)
        packed = pack_padded_sequence(
            self.embedding(src[order.to(src.device)]), src_lengths.cpu()[order], batch_first=True
        )
        packed, h_n = self.gru(packed)
        outputs, _ = pad_packed_sequence(packed, batch_first=True, total_length=src.shape[1])
        ends = h_n.transpose(0, 1).reshape(len(src), -1)[back]
        return outputs[back], self.bridge(ends).tanh()[None]


class AdditiveAttention(nn.Module):
    def __init__(self, query_size, key_size, hidden_size):
        super().__init__()
        self.Wq = nn.Linear(query_size, hidden_size)
        self.Wk = nn.Linear(key_size, hidden_size)
        self.v = nn.Linear(hidden_size, 1)

    def forward(self, query, keys, mask):
        energy = torch.einsum("bsh,h->bs", torch.tanh(self.Wq(query)[:, None] + self.Wk(keys)), self.v.weight[0])
        energy = torch.where(mask, energy + self.v.bias, torch.finfo(energy.dtype).min)
        weights = F.softmax(energy, 1)
        return torch.einsum("bs,bsk->bk", weights, keys), weights


class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, key_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.attention = AdditiveAttention(hidden_size, key_size, hidden_size)
        self.gru = nn.GRU(embedding_dim + key_size, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, vocab_size)

    def forward(self, tgt_in, keys, state, mask):
        embedded = self.embedding(tgt_in)
        hidden_states = []
        looks = torch.zeros(*tgt_in.shape, keys.shape[1], device=keys.device)
        for t in range(tgt_in.shape[1]):
            context, looks[:, t] = self.attention(state[-1], keys, mask)
            _, state = self.gru(torch.cat([embedded[:, t : t + 1], context.unsqueeze(1)], -1), state)
            hidden_states.append(state[-1])
        return self.out(torch.stack(hidden_states, 1)), looks


def train_epoch(model, batches, optimizer, max_norm=1.0):
    losses, counts = [], []
    for batch in batches:
        model.train(True)
        model.zero_grad()
        keys, state = model.encoder(batch.src, batch.src_lengths)
        logits, _ = model.decoder(batch.tgt_in, keys, state, batch.src.ne(0))
        loss = masked_loss(logits, batch.tgt_out, 0)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        losses.append(loss.detach().cpu())
        counts.append(batch.tgt_out.ne(0).sum().cpu())
    losses, counts = torch.stack(losses), torch.stack(counts)
    return ((losses * counts).sum() / counts.sum()).item()


@torch.inference_mode()
def translate(model, src, src_lengths, max_len=20):
    keys, state = model.encoder(src, src_lengths)
    mask = src.ne(0)
    ids = src.new_full((len(src), max_len + 1), 1)
    for t in range(max_len):
        logits, _ = model.decoder(ids[:, : t + 1], keys, state, mask)
        ids[:, t + 1] = logits[:, t].argmax(1)
    return [list(takewhile(lambda i: i != 2, row)) for row in ids[:, 1:].tolist()]


@torch.no_grad()
def beam_search(model, src, width, max_len=20, length_penalty=0.0):
    keys, state = model.encoder(src[None], torch.tensor([len(src)]))
    ids = src.new_full((1, 1), 1)
    sums = torch.zeros(1, device=src.device)
    lengths = torch.zeros(1, device=src.device)
    for _ in range(max_len):
        done = (ids == 2).any(1)
        n = len(ids)
        mask = torch.ones(n, len(src), dtype=torch.bool, device=src.device)
        logits, _ = model.decoder(ids, keys.expand(n, -1, -1), state.expand(-1, n, -1).contiguous(), mask)
        gains = logits[:, -1].log_softmax(1)
        # a finished one goes on with another end, for nothing
        gains[done] = float("-inf")
        gains[done, 2] = 0.0
        new_lengths = (lengths + (~done).float())[:, None].expand_as(gains)
        totals = sums[:, None] + gains
        ranked = (totals / new_lengths**length_penalty).flatten()
        best = ranked.topk(min(width, int(torch.isfinite(ranked).sum()))).indices
        rows, words = best // gains.shape[1], best % gains.shape[1]
        ids = torch.cat([ids[rows], words[:, None]], 1)
        sums, lengths = totals.flatten()[best], new_lengths.flatten()[best]
    scores = (sums / lengths**length_penalty).tolist()
    return [(score, list(takewhile(lambda i: i != 2, row))) for score, row in zip(scores, ids[:, 1:].tolist())]


def corpus_bleu(candidates, references, max_n=4):
    split = lambda s: s.split() if isinstance(s, str) else s
    candidates, references = list(map(split, candidates)), list(map(split, references))
    precisions = []
    for n in range(1, max_n + 1):
        grams = lambda s: Counter(tuple(s[i : i + n]) for i in range(len(s) - n + 1))
        hits = sum(sum((grams(c) & grams(r)).values()) for c, r in zip(candidates, references))
        precisions.append(hits / max(1, sum(max(0, len(c) - n + 1) for c in candidates)))
    if min(precisions) == 0:
        return 0.0
    c, r = sum(map(len, candidates)), sum(map(len, references))
    brevity = torch.tensor(1 - r / c, dtype=torch.float64).clamp(max=0).exp()
    return (brevity * torch.tensor(precisions, dtype=torch.float64).log().mean().exp()).item()


def average_words(outputs, lengths):
    lengths = lengths.to(outputs.device)[:, None]
    padding = torch.arange(outputs.shape[1], device=outputs.device) >= lengths
    return outputs.masked_fill(padding.unsqueeze(-1), 0.0).sum(1) / lengths


def bug_in_average_words():
    wrong_line = 5
    return wrong_line


def run_sorted(gru, embedded, lengths):
    packed = pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)
    outputs, state = gru(packed)
    return pad_packed_sequence(outputs, batch_first=True, total_length=embedded.size(1))[0], state


def bug_in_run_sorted():
    return len(["def", "order", "packed", "gru", "unpack", "return"])
