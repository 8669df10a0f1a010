"""Inputs, weights and readings that several test files of this assignment share."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import standins
import torch
from torch import Tensor, nn

from grader.examiner import fill_weights, is_clear, load_weights

END = 2
LETTERS = "라다a나마c가b"
VOCAB_SIZE = len(LETTERS) + 3
CATEGORIES = 4
# A right implementation is further off than this once in a hundred million times.
SIX_SIGMA = 6
DRAWS = 300


def as_floats(numbers) -> list[float]:
    """Plain floats, whether they came as floats or as tensors of one number."""
    assert isinstance(numbers, (list, tuple)), "expected a list of numbers"
    return [float(number) for number in numbers]


def measure_distance(actual: Tensor, expected: Tensor) -> float:
    """How far apart two tensors are at most; infinite where they are not of one form."""
    if not isinstance(actual, Tensor) or actual.shape != expected.shape:
        return float("inf")
    return float((actual.detach().cpu() - expected.detach().cpu()).abs().nan_to_num(torch.inf).max())


def draw_names(draw, count: int) -> list[str]:
    """Names in both scripts, with capitals."""
    return [draw.choice([draw.word().capitalize(), draw.hangul()]) for _ in range(count)]


# Cells


def draw_cell(draw, *, gates: int = 1, requires_grad: bool = False, sizes=None) -> tuple[Tensor, ...]:
    """x [E], h [H] and the weights of a cell: one joined matrix, or for three gates those of a GRU."""
    width, hidden = sizes or draw.sizes(2, low=6)
    shapes = [(width,), (hidden,), (hidden, width + hidden), (hidden,)]
    if gates == 3:
        shapes = [(width,), (hidden,), (3 * hidden, width), (3 * hidden, hidden), (3 * hidden,), (3 * hidden,)]
    return tuple(draw.tensor(*shape, scale=0.7, requires_grad=requires_grad) for shape in shapes)


@torch.no_grad()
def gru_mistakes(x, h, W_ih, W_hh, b_ih, b_hh) -> dict[str, Tensor]:
    """The new state of a GRU after a known mistake."""
    i_r, i_z, i_n = (W_ih @ x + b_ih).chunk(3)
    h_r, h_z, h_n = (W_hh @ h + b_hh).chunk(3)
    r, z = torch.sigmoid(i_r + h_r), torch.sigmoid(i_z + h_z)
    n = torch.tanh(i_n + r * h_n)
    size = len(h)
    outside = torch.tanh(i_n + W_hh[2 * size :] @ (r * h) + b_hh[2 * size :])
    swapped = torch.tanh(i_n + z * h_n)
    return {
        "the update gate works the other way round: where it is 1, the old state stays": (1 - z) * h + z * n,
        "the reset gate multiplies h itself: it multiplies W_hn h + b_hn": (1 - z) * outside + z * h,
        "reset and update gate are exchanged: torch's order is reset, update, new": (1 - r) * swapped + r * h,
        "the reset gate is not used": (1 - z) * torch.tanh(i_n + h_n) + z * h,
        "the candidate has no tanh": (1 - z) * (i_n + r * h_n) + z * h,
        "the reset gate holds back the input, too": (1 - z) * torch.tanh(r * (i_n + h_n)) + z * h,
    }


# Bag and classifier


@dataclass(frozen=True)
class Names:
    """A padded batch: ids [B,S] and lengths [B]."""

    ids: Tensor
    lengths: Tensor


def draw_batch(draw, vocab_size: int, lengths: list[int], longest: int) -> Names:
    """Ids of so many names; their padding holds ids, too."""
    return Names(draw.ids(vocab_size, len(lengths), longest), torch.tensor(lengths))


def draw_classifier(reference, draw):
    """A reference classifier with drawn weights, and its sizes V, E, H, C."""
    sizes = draw.sizes(4, low=4, high=12)
    return fill_weights(reference.NameClassifier(*sizes), draw, scale=0.6), sizes


def send_classifier(student, ours: nn.Module, sizes):
    """The submission's classifier with our weights."""
    theirs = student.NameClassifier(*sizes)
    load_weights(theirs, ours)
    return theirs


def parameter_slopes(module: nn.Module, result: Tensor, slope: Tensor) -> dict[str, Tensor]:
    """The gradients of a module's parameters along a direction of its result."""
    names, parameters = zip(*module.named_parameters(), strict=True)
    gradients = torch.autograd.grad((result * slope).sum(), parameters, allow_unused=True)
    return dict(zip(names, gradients, strict=True))


# Training


@dataclass(frozen=True)
class Lesson:
    """Batches, and the model that learns from them on either side."""

    ours: nn.Module
    theirs: object
    batches: list[tuple[Tensor, Tensor, Tensor]]


def make_lesson(student, draw, *, count: int = 10) -> Lesson:
    """A stand-in classifier with the same weights on both sides, and batches of unsorted lengths."""
    student.replace(clip_gradients=standins.clip_to_norm)
    vocab_size, classes = draw.sizes(2, low=4, high=9)
    ours = fill_weights(standins.SumClassifier(vocab_size, classes), draw)
    theirs = student.define(standins.SumClassifier)(vocab_size, classes)
    theirs.load_state_dict(ours.state_dict())
    batches = [
        (draw.ids(vocab_size, 3, 5), torch.tensor(draw.shuffled([2, 5, 3])), draw.ids(classes, 3)) for _ in range(count)
    ]
    return Lesson(ours, theirs, batches)


def learn(student, lesson: Lesson, lr: float, *options, batches=None) -> list[float]:
    """The losses of the submission's lesson."""
    optimizer = student.define(standins.make_sgd)(lesson.theirs, lr)
    chosen = lesson.batches if batches is None else batches
    return as_floats(student.train_classifier(lesson.theirs, chosen, optimizer, *options))


def learn_ours(reference, lesson: Lesson, lr: float, *options) -> tuple[list[float], dict[str, Tensor]]:
    """The losses and the weights of the reference's lesson; the lesson's own model stays as it is."""
    pupil = copy.deepcopy(lesson.ours)
    losses = reference.train_classifier(pupil, lesson.batches, standins.make_sgd(pupil, lr), *options)
    return losses, pupil.state_dict()


# Generating


def draw_generator(reference, draw):
    """A reference generator with drawn weights, and its sizes C, V, E, H."""
    sizes = draw.sizes(4, low=4, high=12)
    return fill_weights(reference.NameGenerator(*sizes), draw, scale=0.6), sizes


def send_generator(student, ours: nn.Module, sizes):
    """The submission's generator with our weights."""
    theirs = student.NameGenerator(*sizes)
    load_weights(theirs, ours)
    return theirs


@torch.no_grad()
def read_paths(model: nn.Module, max_len: int) -> list[list[int] | None]:
    """What greedy writing chooses for each category, <END> included; None where a choice is not safe from rounding."""
    count = model.class_embedding.num_embeddings
    ids, unsafe = torch.full((count, 1), END), set()
    for _ in range(max_len):
        logits = model(torch.arange(count), ids)[:, -1]
        unsafe |= {row for row in range(count) if END not in ids[row, 1:] and not is_clear(logits[row : row + 1])}
        ids = torch.cat([ids, logits.argmax(1, keepdim=True)], dim=1)
    paths = [row[: row.index(END) + 1] if END in row else row for row in ids[:, 1:].tolist()]
    return [None if number in unsafe else path for number, path in enumerate(paths)]


def draw_writer(draw, is_telling, *, max_len: int = 20, categories: int = CATEGORIES):
    """A stand-in generator, and the ids that it chooses for each category; None where they are not safe."""
    for _ in range(300):
        model = fill_weights(standins.Writer(categories, VOCAB_SIZE, 6, 8), draw, scale=1.5)
        with torch.no_grad():
            model.out.weight.mul_(2)
        paths = read_paths(model, max_len)
        if is_telling(paths):
            return model, paths
    raise RuntimeError("no telling writer in 300 draws")


def draw_sure_writer(draw, is_telling, *, max_len: int = 20) -> tuple[nn.Module, list[list[int]]]:
    """A stand-in generator whose every choice is safe, and the ids that it chooses for each category."""
    return draw_writer(draw, lambda paths: None not in paths and is_telling(paths), max_len=max_len)


def draw_lively_writer(draw) -> tuple[nn.Module, dict[int, list[int]]]:
    """A stand-in generator, and the ids that it chooses for categories whose names differ much from their anagrams."""

    def is_telling(paths):
        return sum(len(path) for path in paths if is_lively(path)) > 40

    model, paths = draw_writer(draw, is_telling, categories=12)
    return model, {number: path for number, path in enumerate(paths) if is_lively(path)}


def is_lively(path: list[int] | None) -> bool:
    """Whether a name is long, has several characters, and none of them makes up more than half of it."""
    name = spell(path or [])
    return len(name) > 4 and len(set(name)) > 2 and 2 * max(map(name.count, name)) <= len(name)


def spell(path: list[int]) -> str:
    """The name that ids spell, without specials."""
    return "".join(LETTERS[index - 3] for index in path if index > END)


def send_writer(student, ours: nn.Module):
    """The stand-in generator in the jail with our weights, and a stand-in vocabulary."""
    theirs = student.define(standins.Writer)(ours.class_embedding.num_embeddings, VOCAB_SIZE, 6, 8)
    theirs.load_state_dict(ours.state_dict())
    theirs.eval()
    return theirs, student.define(standins.Letters)(LETTERS)


def make_dice(student, logits: Tensor):
    """A generator in the jail whose logits are always these, and its vocabulary."""
    dice = standins.Writer(CATEGORIES, VOCAB_SIZE, 6, 8)
    with torch.no_grad():
        dice.out.weight.zero_()
        dice.out.bias.copy_(logits)
    return send_writer(student, dice)
