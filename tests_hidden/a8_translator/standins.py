"""What takes the place of a TODO's neighbours while that TODO is judged; sent into the jail as source text.

Encoders and decoders here give canned results: they follow a rule of their own, so that they give nothing away.
"""

import torch
from torch import nn


class Words:
    """In place of Vocab: the ids of known words, whatever the count; 3 for all others."""

    def __init__(self, words):
        self.itos = ["<pad>", "<sos>", "<eos>", "<unk>", *words]
        self.stoi = {word: index for index, word in enumerate(self.itos)}

    def __len__(self):
        return len(self.itos)

    def encode(self, sentence):
        return [self.stoi.get(word, 3) for word in sentence.split()]

    def decode(self, ids):
        return " ".join(self.itos[int(index)] for index in ids if int(index) > 3)


def pairs_after(make_batch, pairs, source_vocab, target_vocab):
    """The pairs as they are after a batch was made of them."""
    make_batch(pairs, source_vocab, target_vocab)
    return pairs


def read_batch(make_batch, pairs, source_vocab, target_vocab):
    """The four parts of a batch, read by attribute."""
    batch = make_batch(pairs, source_vocab, target_vocab)
    return [batch.src, batch.src_lengths, batch.tgt_in, batch.tgt_out]


def loss_of_real(logits, targets, pad_id):
    """In place of masked_loss."""
    real = targets != pad_id
    chances = logits.log_softmax(-1).gather(-1, targets.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return -(chances * real).sum() / real.sum()


class FarAttention(nn.Module):
    """In place of AdditiveAttention: weights by distance; the gain tells two apart."""

    def __init__(self, query_size, key_size, hidden_size):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(key_size))

    def forward(self, query, keys, mask):
        distance = (query.mean(-1, keepdim=True) - keys.mean(-1)).square()
        closeness = mask / (1 + distance)
        weights = closeness / closeness.sum(-1, keepdim=True)
        return (weights.unsqueeze(-1) * keys * self.gain).sum(1), weights


class Canned(nn.Module):
    """In place of Translator, with a canned encoder and decoder; with a table the decoder reads its logits there.

    The encoder's results come from the real ids alone, and are others in evaluation mode. The decoder's logits come
    from the words so far, the state and the keys that the mask shows; it keeps no state.
    """

    def __init__(self, vocab_size, hidden_size, table=None):
        super().__init__()

        class Encoder(nn.Module):
            def __init__(self):
                super().__init__()
                self.table = nn.Embedding(vocab_size, hidden_size)

            def forward(self, src, src_lengths):
                real = torch.arange(src.shape[1], device=src.device) < src_lengths.to(src.device).unsqueeze(1)
                rows = self.table(src) * real.unsqueeze(-1) * (1.0 if self.training else 0.5)
                outputs = torch.cat([rows, rows.cumsum(1) * real.unsqueeze(-1)], dim=-1)
                return outputs, rows.sum(1).unsqueeze(0).tanh()

        class Decoder(nn.Module):
            def __init__(self):
                super().__init__()
                self.table = nn.Embedding(vocab_size, hidden_size)
                self.out = nn.Linear(hidden_size, vocab_size)

            def forward(self, tgt_in, keys, state, mask):
                shown = (keys[..., :hidden_size] * mask.expand(keys.shape[:2]).unsqueeze(-1)).sum(1)
                steps = torch.arange(1, tgt_in.shape[1] + 1, device=tgt_in.device).unsqueeze(-1)
                read = (self.table(tgt_in) * torch.cos(1.0 * steps)).cumsum(1)
                hidden = torch.sin(read + (state[-1] + 0.3 * shown).unsqueeze(1) + 0.5 * steps)
                weights = mask.to(keys.dtype) / mask.sum(-1, keepdim=True)
                return self.out(hidden), weights.unsqueeze(1).expand(-1, tgt_in.shape[1], -1)

        class Reader(nn.Module):
            def __init__(self):
                super().__init__()
                self.register_buffer("table", table)

            def forward(self, tgt_in, keys, state, mask):
                places = torch.arange(tgt_in.shape[1], device=tgt_in.device).clamp(max=len(self.table) - 1)
                weights = mask.to(keys.dtype) / mask.sum(-1, keepdim=True)
                return self.table[places, tgt_in], weights.unsqueeze(1).expand(-1, tgt_in.shape[1], -1)

        self.encoder = Encoder()
        self.decoder = Decoder() if table is None else Reader()


def make_batches(parts):
    """Batches that are read by attribute, from their four parts each."""
    from types import SimpleNamespace

    names = ("src", "src_lengths", "tgt_in", "tgt_out")
    return [SimpleNamespace(**dict(zip(names, batch, strict=True))) for batch in parts]


def stream_batches(parts):
    """The same batches as a generator, which can be read only once."""
    from types import SimpleNamespace

    for src, src_lengths, tgt_in, tgt_out in parts:
        yield SimpleNamespace(src=src, src_lengths=src_lengths, tgt_in=tgt_in, tgt_out=tgt_out)


def make_sgd(model, lr):
    """Plain gradient descent over a model's parameters."""
    return torch.optim.SGD(model.parameters(), lr=lr)


def leave_gradients(model):
    """Give every parameter a gradient from an earlier, unrelated step."""
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)


def stream(items):
    """The items as a generator, which can be read only once."""
    yield from items


def make_gru(input_size, hidden_size):
    """A GRU of torch's, made on the other side."""
    return nn.GRU(input_size, hidden_size, batch_first=True)
