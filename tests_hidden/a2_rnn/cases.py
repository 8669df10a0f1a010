"""Inputs, weights and readings that several test files of this assignment share.

A submission may use its own neighbours (rnn_cell in unroll, run_packed in a classifier, ...) or do without them. While
a TODO is judged its neighbours are stand-ins, so two results are right: with the stand-in and without it. `closest`
picks one.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import standins
import torch
from torch import Tensor, nn

from grader.examiner import fill_weights

# Two logits closer than this could change places by rounding alone: such a case is not asked.
SAFE_MARGIN = 1e-2
LETTERS = "라다a 나.마c가b"
# A lesson for the character model, and how it is taught.
LESSON = [0, 1, 2, 3] * 3
PASSES, LEARNING_RATE = 8, 0.1


def closest(actual, *candidates):
    """Whichever of several right results is nearest to the one that came."""
    return min(candidates, key=lambda candidate: measure_distance(actual, candidate))


def measure_distance(actual, expected) -> float:
    """How far apart two results are, the parts of each added up; infinite where they are not of one form."""
    if isinstance(expected, Tensor):
        if not isinstance(actual, Tensor) or actual.shape != expected.shape:
            return float("inf")
        apart = (actual.detach().cpu().double() - expected.detach().cpu().double()).abs()
        return float(apart.nan_to_num(torch.inf).amax()) if apart.numel() else 0.0
    if isinstance(expected, dict):
        if not isinstance(actual, dict) or set(actual) != set(expected):
            return float("inf")
        actual, expected = [actual[key] for key in expected], list(expected.values())
    if isinstance(expected, (list, tuple)):
        if not isinstance(actual, (list, tuple)) or len(actual) != len(expected):
            return float("inf")
        # Not the largest: with one part wrong, the others still tell which result was meant.
        return sum(map(measure_distance, actual, expected))
    if isinstance(expected, float) and isinstance(actual, float):
        return abs(actual - expected)
    return 0.0 if actual == expected else float("inf")


def as_floats(numbers) -> list[float]:
    """Plain floats, whether they came as floats or as tensors of one number."""
    assert isinstance(numbers, (list, tuple)), "expected a list of numbers"
    return [float(number) for number in numbers]


def as_shares(losses: list[float]) -> list[float]:
    """Each loss as a share of all of them."""
    return [loss / (sum(losses) or 1.0) for loss in losses]


def read_gradients(gradients: dict[str, Tensor | None]) -> dict[tuple[int, ...], Tensor]:
    """Gradients by shape, added up: the same whatever the layers are called."""
    by_shape: dict[tuple[int, ...], Tensor] = {}
    for gradient in gradients.values():
        if gradient is not None:
            shape = tuple(gradient.shape)
            by_shape[shape] = by_shape.get(shape, torch.zeros(())) + gradient
    return by_shape


# One cell and many


def draw_cell(
    draw, *, steps: int | None = None, requires_grad: bool = False, low: int = 6, high: int = 11
) -> tuple[Tensor, ...]:
    """x, a state and the weights of a cell; x is [E] or, with steps, [S, E]."""
    width, hidden = draw.sizes(2, low=low, high=high)
    x_shape = (width,) if steps is None else (steps, width)
    shapes = (x_shape, (hidden,), (hidden, width), (hidden, hidden), (hidden,))
    return tuple(draw.tensor(*shape, scale=0.7, requires_grad=requires_grad) for shape in shapes)


def unroll_leaky(x, h_0, W_xh, W_hh, b) -> tuple[Tensor, Tensor]:
    """What unroll gives with the stand-in for its cell."""
    states = [h_0]
    for x_t in x:
        states.append(standins.leaky_cell(x_t, states[-1], W_xh, W_hh, b))
    return torch.stack(states[1:]), states[-1].unsqueeze(0)


# Heads


def draw_head(reference, draw, name: str, lengths: list[int], longest: int):
    """A reference head, ids [B, longest] and lengths [B]."""
    vocab, width, hidden, classes = draw.sizes(4, low=4, high=12)
    ours = fill_weights(getattr(reference, name)(vocab, width, hidden, classes), draw, scale=0.6)
    return ours, (vocab, width, hidden, classes), draw.ids(vocab, len(lengths), longest), torch.tensor(lengths)


@torch.no_grad()
def damp_biases(ours) -> None:
    """Leave little of what all positions have in common: it is no sign of the right state."""
    for bias in (ours.rnn.bias_ih_l0, ours.rnn.bias_hh_l0, ours.fully_connected_layer.bias):
        bias.mul_(0.1)
    ours.fully_connected_layer.weight.mul_(0.5)


def classify_packed(ours, ids: Tensor, lengths: Tensor) -> Tensor:
    """What a classifier gives that asks the stand-in for run_packed."""
    _, h_n = standins.canned_packed(ours.rnn, ours.word_embeddings(ids).transpose(0, 1), lengths)
    return ours.fully_connected_layer(h_n[-1])


def tag_packed(ours, ids: Tensor, lengths: Tensor) -> Tensor:
    """What a tagger gives that asks the stand-in for run_packed."""
    outputs, _ = standins.canned_packed(ours.rnn, ours.word_embeddings(ids).transpose(0, 1), lengths)
    return ours.fully_connected_layer(outputs.transpose(0, 1))


def head_gradients(ours, logits: Tensor, direction: Tensor) -> dict[tuple[int, ...], Tensor]:
    """Gradients of a head's parameters along a direction, by shape."""
    ours.zero_grad()
    (logits * direction).sum().backward()
    return read_gradients({name: parameter.grad for name, parameter in ours.named_parameters()})


def keep_real(rows: Tensor, lengths: Tensor) -> Tensor:
    """The real positions of a [B, S, ...] tensor, one after the other."""
    return torch.cat([row[:length] for row, length in zip(rows, lengths.tolist(), strict=True)])


# Packing


def make_layers(student, draw, kind: str, *sizes: int, **options):
    """The same torch layer on both sides: ours, theirs."""
    ours = fill_weights(standins.make_layer(kind, *sizes, **options), draw, scale=0.5)
    theirs = student.define(standins.make_layer)(kind, *sizes, **options)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def run_alone(layer, embeddings: Tensor, lengths: Tensor):
    """Each sequence by itself: real outputs [sum of lengths, H], and the state with its rows side by side."""
    runs = [layer(embeddings[:length, row : row + 1]) for row, length in enumerate(lengths.tolist())]
    outputs = torch.cat([output[:, 0] for output, _ in runs])
    if isinstance(layer, nn.LSTM):
        return outputs, tuple(torch.cat([state[part] for _, state in runs], dim=1) for part in (0, 1))
    return outputs, torch.cat([state for _, state in runs], dim=1)


# The language model


@dataclass(frozen=True)
class Training:
    """What a run of truncated BPTT leaves behind."""

    losses: list[float]
    weights: dict[str, Tensor]


def draw_models(
    reference, draw, vocab_size: int, hidden_size: int, *, output_scale: float = 1.0
) -> tuple[nn.Module, nn.Module]:
    """The stand-in for CharRNN and the reference's own with the same weights."""
    leaky = fill_weights(standins.LeakyCharRNN(vocab_size, hidden_size), draw, scale=0.8)
    with torch.no_grad():
        leaky.W_hy.mul_(output_scale)
    plain = reference.CharRNN(vocab_size, hidden_size)
    plain.load_state_dict(leaky.state_dict())
    return leaky, plain


def send_model(student, leaky):
    """The stand-in for CharRNN in the jail, with the same weights; the submission's cell is a stand-in, too."""
    student.replace(rnn_cell=standins.leaky_cell, make_targets=standins.next_ids)
    theirs = student.define(standins.LeakyCharRNN)(leaky.vocab_size, leaky.hidden_size)
    theirs.load_state_dict(leaky.state_dict())
    return theirs


def train_reference(
    reference, model: nn.Module, ids: list[int], chunk_size: int, lr: float, *, clears: bool = True
) -> Training:
    """The reference's losses and weights; the model that is given stays as it is."""
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    optimizer = standins.make_sgd(model, lr)
    optimizer.zero_grad()
    if not clears:
        optimizer.zero_grad = lambda: None
    losses = reference.truncated_bptt(model, ids, chunk_size, optimizer)
    after = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.load_state_dict(weights)
    return Training(losses, after)


def draw_learner(reference, draw, ids: list[int]) -> nn.Module:
    """A stand-in for CharRNN with weights from which training gets somewhere within a few passes."""
    for _ in range(200):
        leaky, _ = draw_models(reference, draw, len(set(ids)), 6)
        pupil = copy.deepcopy(leaky)
        optimizer = standins.make_sgd(pupil, LEARNING_RATE)
        losses = [sum(reference.truncated_bptt(pupil, ids, 4, optimizer)) for _ in range(PASSES)]
        if losses[-1] < 0.6 * losses[0]:
            return leaky
    raise RuntimeError("no weights in 200 draws that can be trained")


def choose_training(found: list[float], trainings: list[Training]) -> Training:
    """The training whose losses are nearest, up to a factor, and but for the last chunk, which may be short."""
    shares = as_shares(found[:-1])
    return min(trainings, key=lambda training: measure_distance(shares, as_shares(training.losses[:-1])))


def measure_margin(model: nn.Module, vocab, text: str, start: int) -> float:
    """By how much, at worst, the best character leads while a text is written from `start` on."""
    h, margins = model.init_hidden(), []
    for position, x in enumerate(vocab.one_hot(vocab.encode(text)), 1):
        logits, h = model.step(x, h)
        best = logits.detach().topk(2).values
        margins += [float(best[0] - best[1])] if position >= start else []
    return min(margins)


def draw_writers(reference, draw, primes: list[str], length: int, is_telling=lambda texts: True):
    """Two models, and what each writes after each prime; never by a hair."""
    vocab = standins.Letters(LETTERS)
    for _ in range(200):
        models = draw_models(reference, draw, len(vocab), draw.integer(5, 9), output_scale=3.0)
        texts = [[reference.generate(model, vocab, prime, length) for prime in primes] for model in models]
        clear = all(
            measure_margin(model, vocab, text, len(prime)) > SAFE_MARGIN
            for model, row in zip(models, texts, strict=True)
            for prime, text in zip(primes, row, strict=True)
        )
        if clear and all(map(is_telling, texts)):
            return models[0], texts
    raise RuntimeError("no telling case in 200 draws")


def make_dice(student, logits: Tensor):
    """A model in the jail whose logits are always these, and its vocabulary."""
    vocab = student.define(standins.Letters)(LETTERS[: len(logits)])
    dice = standins.LeakyCharRNN(len(logits), 3)
    with torch.no_grad():
        dice.b_y.copy_(logits)
    return send_model(student, dice), vocab


def count_letters(text: str, size: int) -> Tensor:
    """How often each of the first letters occurs."""
    return torch.tensor([text.count(letter) for letter in LETTERS[:size]], dtype=torch.float64)
