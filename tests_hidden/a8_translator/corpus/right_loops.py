"""Everything spelt out: loops over words, rows and steps."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class Vocab:
    def __init__(self, sentences, min_count=1):
        counts = {}
        for sentence in sentences:
            for word in sentence.split():
                counts[word] = counts.get(word, 0) + 1
        self.words = ["<pad>", "<sos>", "<eos>", "<unk>"]
        for word in sorted(sorted(counts), key=counts.get, reverse=True):
            if counts[word] >= min_count:
                self.words.append(word)
        self.ids = {word: i for i, word in enumerate(self.words)}

    def __len__(self):
        return len(self.words)

    def encode(self, sentence):
        ids = []
        for word in sentence.split():
            ids.append(self.ids[word] if word in self.ids else 3)
        return ids

    def decode(self, ids):
        sentence = []
        for i in ids:
            if int(i) == 2:
                return " ".join(sentence)
            if int(i) not in (0, 1, 3):
                sentence.append(self.words[int(i)])
        return " ".join(sentence)


def make_batch(pairs, source_vocab, target_vocab):
    S = max(len(source.split()) for source, _ in pairs)
    T = max(len(target.split()) for _, target in pairs) + 1
    src = torch.zeros(len(pairs), S, dtype=torch.long)
    tgt_in = torch.zeros(len(pairs), T, dtype=torch.long)
    tgt_out = torch.zeros(len(pairs), T, dtype=torch.long)
    lengths = []
    for b, (source, target) in enumerate(pairs):
        source, target = source_vocab.encode(source), target_vocab.encode(target)
        lengths.append(len(source))
        src[b, : len(source)] = torch.tensor(source)
        tgt_in[b, 0] = 1
        for t, word in enumerate(target):
            tgt_in[b, t + 1] = word
            tgt_out[b, t] = word
        tgt_out[b, len(target)] = 2
    return Batch(src, torch.tensor(lengths), tgt_in, tgt_out)


def masked_loss(logits, targets, pad_id):
    total, count = 0.0, 0
    for b in range(targets.shape[0]):
        for t in range(targets.shape[1]):
            if int(targets[b, t]) != pad_id:
                total = total - F.log_softmax(logits[b, t], dim=0)[targets[b, t]]
                count += 1
    if count == 0:
        raise ValueError("패딩뿐입니다")
    return total / count


class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.gru = nn.GRU(embedding_dim, hidden_size, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * hidden_size, hidden_size)

    def forward(self, src, src_lengths):
        rows, states = [], []
        for b in range(src.shape[0]):
            n = int(src_lengths[b])
            output, h_n = self.gru(self.embedding(src[b : b + 1, :n]))
            rows.append(F.pad(output[0], (0, 0, 0, src.shape[1] - n)))
            states.append(torch.tanh(self.bridge(torch.cat([h_n[0, 0], h_n[1, 0]]))))
        return torch.stack(rows), torch.stack(states)[None]


class AdditiveAttention(nn.Module):
    def __init__(self, query_size, key_size, hidden_size):
        super().__init__()
        self.Wq = nn.Linear(query_size, hidden_size)
        self.Wk = nn.Linear(key_size, hidden_size)
        self.v = nn.Linear(hidden_size, 1)

    def forward(self, query, keys, mask):
        contexts, all_weights = [], []
        for b in range(len(query)):
            weights = torch.zeros(keys.shape[1], device=keys.device)
            real = mask[b].nonzero().squeeze(1)
            scores = torch.cat([self.v(torch.tanh(self.Wq(query[b]) + self.Wk(keys[b, s]))) for s in real.tolist()])
            weights = weights.index_put((real,), torch.softmax(scores, dim=0))
            contexts.append(sum(weights[s] * keys[b, s] for s in real.tolist()))
            all_weights.append(weights)
        return torch.stack(contexts), torch.stack(all_weights)


class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, key_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.attention = AdditiveAttention(hidden_size, key_size, hidden_size)
        self.gru = nn.GRU(embedding_dim + key_size, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, vocab_size)

    def forward(self, tgt_in, keys, state, mask):
        logits, looks = [], []
        for t in range(tgt_in.shape[1]):
            context, weights = self.attention(query=state.squeeze(0), keys=keys, mask=mask)
            word = self.embedding(tgt_in[:, t])
            output, state = self.gru(torch.cat((word, context), dim=1)[:, None], state)
            logits.append(self.out(output[:, 0]))
            looks.append(weights)
        return torch.stack(logits, 1), torch.stack(looks, 1)


def train_epoch(model, batches, optimizer, max_norm=1.0):
    model.train()
    total, tokens = 0.0, 0
    for batch in batches:
        for parameter in model.parameters():
            parameter.grad = None
        keys, state = model.encoder(batch.src, batch.src_lengths)
        mask = torch.zeros_like(batch.src, dtype=torch.bool)
        for b in range(len(mask)):
            mask[b, : int(batch.src_lengths[b])] = True
        logits, _ = model.decoder(batch.tgt_in, keys, state, mask)
        loss = masked_loss(logits, batch.tgt_out, 0)
        loss.backward()
        norm = math.sqrt(sum(float((p.grad**2).sum()) for p in model.parameters() if p.grad is not None))
        if norm > max_norm:
            for p in model.parameters():
                if p.grad is not None:
                    p.grad = p.grad * (max_norm / norm)
        optimizer.step()
        words = sum(1 for word in batch.tgt_out.flatten().tolist() if word != 0)
        total, tokens = total + float(loss) * words, tokens + words
    return total / tokens


def translate(model, src, src_lengths, max_len=20):
    results = []
    with torch.no_grad():
        for b in range(src.shape[0]):
            n = int(src_lengths[b])
            sentence, length = src[b : b + 1, :n], torch.tensor([n])
            keys, state = model.encoder(sentence, length)
            mask = torch.ones(1, n, dtype=torch.bool, device=src.device)
            ids = []
            for _ in range(max_len):
                logits, _ = model.decoder(torch.tensor([[1] + ids], device=src.device), keys, state, mask)
                word = int(logits[0, -1].argmax())
                if word == 2:
                    break
                ids.append(word)
            results.append(ids)
    return results


def beam_search(model, src, width, max_len=20, length_penalty=0.0):
    with torch.no_grad():
        n = len(src)
        keys, state = model.encoder(src[None], torch.tensor([n]))
        mask = torch.ones(1, n, dtype=torch.bool, device=src.device)
        hypotheses = [(0.0, 0.0, [], False)]
        for _ in range(max_len):
            candidates = []
            for score, total, ids, done in hypotheses:
                if done:
                    candidates.append((score, total, ids, done))
                    continue
                logits, _ = model.decoder(torch.tensor([[1] + ids], device=src.device), keys, state, mask)
                gains = torch.log_softmax(logits[0, -1], dim=0).tolist()
                for word in range(len(gains)):
                    new = total + gains[word]
                    length = len(ids) + 1
                    candidates.append((new / length**length_penalty, new, ids + [word] if word != 2 else ids, word == 2))
            candidates.sort(key=lambda hypothesis: -hypothesis[0])
            hypotheses = candidates[:width]
        return [(score, ids) for score, _, ids, _ in hypotheses]


def corpus_bleu(candidates, references, max_n=4):
    matches, totals, c, r = [0] * max_n, [0] * max_n, 0, 0
    for candidate, reference in zip(candidates, references):
        if isinstance(candidate, str):
            candidate = candidate.split()
        if isinstance(reference, str):
            reference = reference.split()
        c, r = c + len(candidate), r + len(reference)
        for n in range(1, max_n + 1):
            left = [tuple(reference[i : i + n]) for i in range(len(reference) - n + 1)]
            for i in range(len(candidate) - n + 1):
                totals[n - 1] += 1
                gram = tuple(candidate[i : i + n])
                if gram in left:
                    left.remove(gram)
                    matches[n - 1] += 1
    score = 1.0
    for match, total in zip(matches, totals):
        if match == 0:
            return 0.0
        score *= (match / total) ** (1 / max_n)
    return score if c >= r else score * math.exp(1 - r / c)


def average_words(outputs, lengths):
    means = []
    for row in range(len(outputs)):
        n = int(lengths[row])
        means.append(sum(outputs[row, i] for i in range(n)) / n)
    return torch.stack(means)


def bug_in_average_words():
    return 5


def run_sorted(gru, embedded, lengths):
    B, S, _ = embedded.shape
    outputs = torch.zeros(B, S, gru.hidden_size, device=embedded.device)
    states = []
    for row in range(B):
        n = int(lengths[row])
        out, h = gru(embedded[row : row + 1, :n])
        outputs[row, :n] = out[0]
        states.append(h)
    return outputs, torch.cat(states, dim=1)


def bug_in_run_sorted():
    return int("6")
