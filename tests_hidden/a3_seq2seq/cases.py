"""Inputs, weights and replies that several test files of this assignment share."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import standins
import torch
from torch import Tensor, nn

from grader.examiner import (
    Caller,
    DecoderBatch,
    DecoderCase,
    ModulePair,
    decoder_arguments,
    fill_weights,
    fits,
    is_clear,
)


@dataclass(frozen=True)
class EncoderCase:
    """An encoder on either side with the same weights, and ids for it."""

    ours: nn.Module
    theirs: object
    input_ids: Tensor
    hidden_size: int


def make_encoder(student, reference, draw, load_weights, name: str, layers: int = 1, bidirectional: bool = False):
    """RNNEncoder or LSTMEncoder with drawn sizes and weights."""
    vocab_size, embedding_dim, hidden_size, positions = draw.sizes(4)
    ours = getattr(reference, name)(vocab_size, embedding_dim, hidden_size, layers, bidirectional)
    fill_weights(ours, draw, scale=0.7)
    theirs = getattr(student, name)(vocab_size, embedding_dim, hidden_size, layers, bidirectional)
    load_weights(theirs, ours)
    return EncoderCase(ours, theirs, draw.ids(vocab_size, positions), hidden_size)


def find_late_token(token_ids: list[int]) -> int | None:
    """A token that is met for the first time as late as possible, and not at the last step."""
    new = [token for step, token in enumerate(token_ids[:-1]) if step and token not in token_ids[:step]]
    return new[-1] if new else None


def choose_end(token_ids: list[int], vocab_size: int, *, ends: bool) -> int | None:
    """An end token that is met at the third step or later, or no token at all, which no mistake meets either."""
    if not ends:
        return vocab_size if len(set(token_ids)) > min(3, len(token_ids) - 1) else None
    late = find_late_token(token_ids)
    return late if late in token_ids and token_ids.index(late) >= 3 else None


def draw_decoder(reference, draw, name: str, *, ends: bool, max_len: int = 6) -> DecoderCase:
    """A decoding problem whose answer visits several tokens, and meets the end token or does not."""
    for _ in range(200):
        arguments = decoder_arguments(draw)
        ours = fill_weights(getattr(reference, name)(**arguments), draw)
        states = 2 if name == "LSTMDecoder" else 1
        inputs = tuple(draw.tensor(1, arguments["hidden_size"]) for _ in range(states))
        with torch.no_grad():
            logits, token_ids = ours(*inputs, max_len=max_len)
        end = choose_end(token_ids, arguments["vocab_size"], ends=ends)
        if end is None or not is_clear(logits):
            continue
        arguments["end_token_id"] = ours.end_token_id = end
        with torch.no_grad():
            logits, token_ids = ours(*inputs, max_len=max_len)
        return DecoderCase(
            name=name,
            arguments=arguments,
            ours=ours,
            inputs=inputs,
            max_len=max_len,
            logits=logits,
            token_ids=token_ids,
        )
    raise RuntimeError("no decoding case found in 200 draws: the sizes of decoder_arguments are too small")


def make_decoder(student, case: DecoderCase, load_weights):
    """The submission's decoder with the case's sizes and weights."""
    cls = getattr(student, case.name)
    theirs = student.define(Caller)().build(cls, case.arguments)
    load_weights(theirs, case.ours)
    return theirs


def with_end(case: DecoderCase, end_token_id: int) -> DecoderCase:
    """The same problem with another end token."""
    return replace(case, arguments=case.arguments | {"end_token_id": end_token_id})


@torch.no_grad()
def step_mistakes(case: DecoderCase) -> dict[str, Tensor]:
    """What the first row of logits looks like after a known mistake."""
    ours = case.ours
    start = ours.word_embeddings(torch.tensor([ours.start_token_id]))

    def finish(embedded: Tensor, *states: Tensor) -> Tensor:
        if case.name == "LSTMDecoder":
            return ours.fully_connected_layer(ours.lstm(embedded, states)[0])
        return ours.fully_connected_layer(ours.rnn(embedded, *states)[0])

    right = finish(start, *case.inputs)
    mistakes = {
        "the embedding went through relu: this decoder has none": finish(start.relu(), *case.inputs),
        "the initial state was not used": finish(start, *(torch.zeros_like(state) for state in case.inputs)),
        "the logits went through log_softmax: raw ones are asked for": torch.log_softmax(right, -1),
        "the logits went through softmax: raw ones are asked for": torch.softmax(right, -1),
        "the initial state, not the new one, made the logits": ours.fully_connected_layer(case.inputs[0]),
    }
    if case.name == "LSTMDecoder":
        h_0, c_0 = case.inputs
        mistakes["the hidden state was used as the cell state, too"] = finish(start, h_0, h_0)
        mistakes["the hidden and the cell state look swapped"] = finish(start, c_0, h_0)
    return mistakes


@dataclass(frozen=True)
class Model:
    """The same sequence-to-sequence model on either side."""

    ours: nn.Module
    theirs: object
    hidden_size: int


class Joined(nn.Module):
    """What a model of an encoder and a decoder does."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, input_ids: Tensor):
        _, last = self.encoder(input_ids)
        return self.decoder(*(last if isinstance(last, tuple) else (last,)))


PARTS = {
    "RNNSeq2Seq": (standins.CannedEncoder, standins.CannedDecoder),
    "LSTMSeq2Seq": (standins.CannedLSTMEncoder, standins.CannedLSTMDecoder),
}


def make_model(student, draw, name: str) -> Model:
    """A model around a canned encoder and a canned decoder, so that only the joint between them is judged."""
    hidden_size = draw.integer(3, 9)
    encoder, decoder = PARTS[name]
    theirs = getattr(student, name)(student.define(encoder)(hidden_size), student.define(decoder)())
    return Model(Joined(encoder(hidden_size), decoder()), theirs, hidden_size)


def draw_cell(draw, *, low: int = 3, high: int = 11) -> list[Tensor]:
    """Arguments of lstm_cell: x, h, c, W_ih, W_hh, b_ih, b_hh."""
    e, h = draw.sizes(2, low=low, high=high)
    shapes = [(e,), (h,), (h,), (4 * h, e), (4 * h, h), (4 * h,), (4 * h,)]
    return [draw.tensor(*shape) for shape in shapes]


def cell_mistakes(x, h, c, W_ih, W_hh, b_ih, b_hh) -> dict[str, Tensor]:
    """What the new hidden and cell state look like after a known mistake, stacked."""
    i, f, g, o = (W_ih @ x + b_ih + W_hh @ h + b_hh).chunk(4)
    I, F, G, O = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()

    def finish(cell: Tensor, out: Tensor = O) -> Tensor:
        return torch.stack([out * cell.tanh(), cell])

    return {
        "the gates look unpacked as f, i, g, o: torch stacks i, f, g, o": finish(i.sigmoid() * c + f.sigmoid() * G),
        "the gates look unpacked as i, f, o, g: torch stacks i, f, g, o": finish(F * c + I * o.tanh(), g.sigmoid()),
        "the hidden state lacks the tanh around the new cell state": torch.stack([O * (F * c + I * G), F * c + I * G]),
        "g went through a sigmoid: it is a tanh": finish(F * c + I * g.sigmoid()),
        "the new cell state is i + g, without the forget gate": finish(I + G),
        "the new cell state is f * c + f * g": finish(F * c + F * G),
        "the old cell state was left out": finish(I * G),
        "the returned cell state went through tanh as well": torch.stack(
            [O * (F * c + I * G).tanh(), (F * c + I * G).tanh()]
        ),
    }


def make_gru(student, reference, draw, load_weights) -> ModulePair:
    """DecoderRNN with drawn sizes and weights."""
    hidden_size, vocab_size = draw.sizes(2, low=8, high=12)
    ours = fill_weights(reference.DecoderRNN(hidden_size, vocab_size), draw, scale=0.5)
    theirs = student.DecoderRNN(hidden_size, vocab_size)
    load_weights(theirs, ours)
    return ModulePair(ours, theirs, hidden_size, vocab_size)


def draw_batch(draw, pair: ModulePair, batch_size: int = 3) -> DecoderBatch:
    """A batch whose axes all differ."""
    return DecoderBatch(
        encoder_outputs=draw.tensor(batch_size, 7, pair.hidden_size),
        hidden=draw.tensor(1, batch_size, pair.hidden_size),
        target=draw.ids(pair.vocab_size, batch_size, draw.integer(4, 6)),
        token=torch.tensor(draw.shuffled(range(pair.vocab_size))[:batch_size]).unsqueeze(1),
    )


def draw_free_batch(draw, pair: ModulePair, steps: int) -> DecoderBatch:
    """A batch whose own predictions, step by step, are safe from rounding and visit several tokens."""
    step = standins.CannedStep(pair.vocab_size)
    for _ in range(100):
        batch = draw_batch(draw, pair)
        token, hidden, outputs = torch.zeros(3, 1, dtype=torch.long), batch.hidden, []
        for _ in range(steps):
            output, hidden = step(token, hidden)
            token = output.argmax(-1)
            outputs.append(output[:, 0])
        if is_clear(torch.cat(outputs)) and len(set(torch.cat(outputs).argmax(-1).tolist())) > 3:
            return batch
    raise RuntimeError("no free-running case found in 100 draws: change the rule of standins.CannedStep")


def read_step(pair: ModulePair, reply, inputs: tuple):
    """Our result with the step that the submission really uses: the canned one, or one written out inside forward."""
    canned = pair.ours(*inputs)
    written_out = copy.deepcopy(pair.ours)
    del written_out.forward_step
    if isinstance(reply, (tuple, list)) and isinstance(reply[0], Tensor):
        own = written_out(*inputs)
        if fits(reply[0].detach().cpu(), own[0].detach()):
            return own
    return canned


PADDING = 0


@dataclass(frozen=True)
class Lesson:
    """One training problem on either side."""

    pairs: list[tuple[Tensor, Tensor]]
    ours: list[nn.Module]
    theirs: list
    rate: float

    def train_ours(self, reference) -> float:
        """One epoch of the reference on our copies."""
        optimizers = standins.make_optimizers(self.ours, self.rate)
        return reference.train_epoch(self.pairs, *self.ours, optimizers, standins.make_criterion(PADDING))

    def train_theirs(self, student, device: str = "cpu"):
        """One epoch of the submission's on theirs."""
        modules = [module.to(device) for module in self.theirs]
        optimizers = student.define(standins.make_optimizers)(modules, self.rate)
        criterion = student.define(standins.make_criterion)(PADDING)
        pairs = [(source.to(device), target.to(device)) for source, target in self.pairs]
        return student.train_epoch(pairs, *modules, optimizers, criterion)


def draw_lesson(student, draw, *, rate: float = 0.3, padded: bool = True) -> Lesson:
    """Six pairs of different lengths, some with padding, for an encoder and a decoder that are quick to train.

    So many that one pair alone teaches little of what all of them teach, whatever is drawn.
    """
    vocab_size, hidden_size = draw.sizes(2, low=6)
    pairs = []
    for length in (4, 2, 5, 3, 4, 5):
        source = draw.ids(vocab_size, 3, length, low=1)
        target = source.flip(1)
        if padded:
            target[0, length // 2 :] = PADDING
        pairs.append((source, target))
    ours, theirs = [], []
    for cls in (standins.PooledEncoder, standins.TaughtDecoder):
        module = fill_weights(cls(vocab_size, hidden_size), draw, scale=0.7)
        copy_there = student.define(cls)(vocab_size, hidden_size)
        copy_there.load_state_dict(module.state_dict())
        ours.append(module)
        theirs.append(copy_there)
    return Lesson(pairs, ours, theirs, rate)
