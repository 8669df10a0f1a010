"""A lab of five checks, as other autograders of such courses have: two shapes, two parities and one behaviour.

Used by `make bench` only.
"""

from pathlib import Path

from grader.model.assignment import Assignment
from grader.model.course import Course

NAME = "lab"
TOML = """
title = "Lab"
module = "lab.py"

[[todo]]
id = "encoder"
title = "Encode a sentence"
points = 50
where = ["Encoder"]

[[todo]]
id = "attention"
title = "Attend to it"
points = 50
where = ["LuongAttention"]
"""
SOLUTION = """
import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.LSTM(embedding_dim, hidden_size)

    def forward(self, ids):
        return self.rnn(self.embedding(ids))[0]


class LuongAttention(nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.project = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, h_t, encoder_outputs):
        weights = torch.softmax(encoder_outputs @ self.project(h_t), dim=0)
        return weights @ encoder_outputs, weights
"""
TESTS = '''
import pytest
import torch
from grader.examiner import assert_parity, assert_shape, load_weights


def make_encoders(student, reference):
    ours, theirs = reference.Encoder(50, 16, 32), student.Encoder(50, 16, 32)
    load_weights(theirs, ours)
    return ours, theirs


def make_attentions(student, reference):
    ours, theirs = reference.LuongAttention(32), student.LuongAttention(32)
    load_weights(theirs, ours)
    return ours, theirs


@pytest.mark.todo("encoder", weight=1)
@pytest.mark.shape
def test_encoder_shape(student, reference, draw):
    """An output for each token."""
    assert_shape(make_encoders(student, reference)[1](draw.ids(50, 7)), (7, 32), what="outputs")


@pytest.mark.todo("encoder", weight=1)
@pytest.mark.parity
def test_encoder_parity(student, reference, draw):
    """The outputs are those of an LSTM."""
    ours, theirs = make_encoders(student, reference)
    ids = draw.ids(50, 7)
    assert_parity(theirs(ids).detach(), ours(ids).detach(), what="outputs")


@pytest.mark.todo("attention", weight=1)
@pytest.mark.shape
def test_attention_shape(student, reference, draw):
    """A weight for each position."""
    weights = make_attentions(student, reference)[1](draw.tensor(32), draw.tensor(7, 32))[1]
    assert_shape(weights, (7,), what="weights")


@pytest.mark.todo("attention", weight=1)
@pytest.mark.parity
def test_attention_parity(student, reference, draw):
    """The context is the reference's."""
    ours, theirs = make_attentions(student, reference)
    inputs = draw.tensor(32), draw.tensor(7, 32)
    assert_parity(theirs(*inputs)[0].detach(), ours(*inputs)[0].detach(), what="context")


@pytest.mark.todo("attention", weight=1)
@pytest.mark.behaviour
def test_attention_behaviour(student, reference, draw):
    """The weights share one whole."""
    weights = make_attentions(student, reference)[1](draw.tensor(32), draw.tensor(7, 32))[1]
    assert abs(weights.sum().item() - 1) < 1e-4, "the weights do not sum to 1"
'''


def write_lab(folder: Path) -> Assignment:
    """Write the lab's course into a folder, and return its assignment."""
    files = {
        f"assignments/{NAME}/assignment.toml": TOML,
        f"solutions/{NAME}/lab.py": SOLUTION,
        f"tests_hidden/{NAME}/test_lab.py": TESTS,
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    return Course(folder).load_assignment(NAME)
